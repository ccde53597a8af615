"""What came out of a receipt, in the words of a scenario: what must all be told, what may be besides."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agent.loyalty.explain import LANGUAGES, prompt_sentence, sentence
from agent.loyalty.member import MemberFacts
from agent.loyalty.programme import Programme
from agent.loyalty.quote import Earned, Give, Quote, QuoteLine, Reason
from agent.loyalty.returns import ReturnEffects


class Told(NamedTuple):
    """One outcome in its forms, the shortest first; `must` be told if the scenario is to be whole."""

    forms: tuple[str, ...]
    must: bool = False


class Teller:
    """Writes sums and points as the programme's people do."""

    def __init__(self, programme: Programme) -> None:
        self._programme = programme
        self._digits = programme.text.programme.minor_digits

    def sale(self, quote: Quote, names: dict[int, str]) -> Iterator[Told]:
        """Tell a quote; `names` are what the scenario calls the lines."""
        if quote.lines:
            yield Told((f"due {self.money(quote.due_minor)}",), must=True)
        for line in quote.lines:
            yield from self._line(line, names[line.line])
        for wallet in quote.wallets:
            paid = wallet.redeem - sum(one.points for one in quote.spent if one.wallet == wallet.wallet)
            if paid:
                yield Told((f"paid {self.points(paid, wallet.wallet)}",), must=True)
            if wallet.earn:
                yield Told((f"earns {self.points(wallet.earn, wallet.wallet)}",), must=True)
            yield Told((f"could pay {self.points(wallet.max_redeem, wallet.wallet)}",))
        yield from self._spent(quote)
        for used in quote.vouchers:
            yield Told((f"uses voucher {used.voucher}",), must=True)
        for gift in quote.gives:
            yield Told(self._gift(gift), must=True)
        if quote.tier is not None:
            yield Told((f"tier {quote.tier.before or 'none'} to {quote.tier.after or 'none'}",), must=True)
        yield from self._words(quote)

    def returned(self, effects: ReturnEffects, sale: Quote) -> Iterator[Told]:
        """Tell what a return undoes."""
        yield Told((f"refund {self.money(effects.refund_minor)}",), must=True)
        for verb, moved in (("takes", effects.earned), ("restores", effects.spent)):
            for wallet, points in sorted(moved.items()):
                if points:
                    yield Told((f"{verb} {self.points(points, wallet)}",), must=True)
        for number in effects.gives:
            yield Told((self._gift(sale.gives[number])[0].replace("gives", "takes back", 1),), must=True)
        names = {one.id: one.voucher for one in sale.vouchers}
        for voucher in effects.vouchers:
            yield Told((f"restores voucher {names[voucher]}",), must=True)

    def joining(self, why_not: Reason | None) -> Iterator[Told]:
        """Tell whether somebody may join."""
        yield Told(("joins" if why_not is None else "may not join",), must=True)
        yield from self._reasons([] if why_not is None else [why_not])

    def after(self, facts: MemberFacts, balances: dict[str, int]) -> Iterator[Told]:
        """Tell what the member has now."""
        for wallet in self._programme.text.wallet:
            yield Told((f"balance {self.points(balances.get(wallet, 0), wallet)}",))
        for rule, count in facts.counts.items():
            yield Told((f"count {rule} {count.lifetime}",))
        for key, amount in facts.measures.items():
            yield Told((f"measure {key} {amount}",))

    def money(self, minor: int) -> str:
        """Return a sum as it stands in a scenario ("5.10")."""
        return _decimal(minor, self._digits)

    def points(self, number: int, wallet: str) -> str:
        """Return an amount of a wallet ("165 il"); stored value is money."""
        return f"{_decimal(number, self._programme.text.decimals(wallet))} {wallet}"

    def _line(self, line: QuoteLine, name: str) -> Iterator[Told]:
        for rebate in line.rebates:
            short = f"off {self.money(-rebate.amount_minor)} {name}"
            yield Told((short, f"{short} by {rebate.rule}"), must=True)
        for paid in line.paid:
            yield Told((f"paid {self.points(paid.points, paid.wallet)} on {name}",))
        yield from self._earned(line.earned, name)

    def _spent(self, quote: Quote) -> Iterator[Told]:
        """Tell of points that paid for no goods: a gift's cost, cash, a donation."""
        for one in quote.spent:
            points = self.points(one.points, one.wallet)
            if not one.into:
                yield Told((f"spends {points}", f"spends {points} by {one.rule}"), must=True)
                continue
            short = f"turns {points} into {one.into}"
            yield Told((short, f"{short} for {self.money(one.amount_minor)}"), must=True)

    def _earned(self, earned: Iterable[Earned], name: str) -> Iterator[Told]:
        totals: dict[str, int] = {}
        for one in earned:
            totals[one.wallet] = totals.get(one.wallet, 0) + one.points
            yield Told((f"earns {self.points(one.points, one.wallet)} on {name} by {one.rule}",))
        for wallet, points in totals.items():
            yield Told((f"earns {self.points(points, wallet)} on {name}",))

    def _gift(self, gift: Give) -> tuple[str, ...]:
        if gift.kind in {"lot", "stored_value"}:
            short = f"gives {self.points(gift.amount, gift.name)}"
        else:
            short = f"gives {gift.kind} {gift.name}"
        last = gift.ends_at or gift.expires_on
        long = f"{short} until {last}" if last else short
        forms = (short, long, f"{short} by {gift.rule}", f"{long} by {gift.rule}")
        return (*forms, *(f"{one} once booked" for one in forms)) if gift.provisional else forms

    def _words(self, quote: Quote) -> Iterator[Told]:
        for number, prompt in enumerate(quote.prompts):
            word = "also" if number else "prompt"
            for lang in LANGUAGES:
                yield Told((f"{word} {lang} {plain(prompt_sentence(prompt, self._programme, lang))}",))
        if not quote.prompts:
            yield Told(("no prompt",))
        yield from self._reasons(quote.reasons)

    def _reasons(self, reasons: list[Reason]) -> Iterator[Told]:
        for reason in reasons:
            yield Told((f"because {reason.rule} {reason.code}",))
            for lang in LANGUAGES:
                yield Told((f"says {lang} {plain(sentence(reason, self._programme, lang))}",))


def plain(text: str) -> str:
    """Return a sentence as a keyboard writes it: ordinary spaces, a hyphen for minus."""
    return " ".join(text.replace("\N{MINUS SIGN}", "-").split())


def _decimal(number: int, digits: int) -> str:
    sign = "-" if number < 0 else ""
    whole, rest = divmod(abs(number), 10**digits)
    return f"{sign}{whole}.{rest:0{digits}d}" if digits else f"{sign}{whole}"
