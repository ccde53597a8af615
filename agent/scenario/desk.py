"""The desk at which a story is played: what is known of each member, and how its words become a basket."""

from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import Any, NoReturn

import msgspec

from agent.errors import DocumentError, Mistake
from agent.loyalty.afterwards.enrol import of_age
from agent.loyalty.basket import Basket, Line, Tender
from agent.loyalty.compile import Compiled
from agent.loyalty.member import CountFacts, Lot, MemberEvent, MemberFacts, Voucher, WalletFacts
from agent.loyalty.numbers import exact, half_up
from agent.scenario.away import Away
from agent.scenario.story import Facts, Receipt, Said

_Said = dict[str, str]
AGES = range(1, 100)
"""The ages a programme may ask for."""


class Desk:
    """What is known of every member of one story."""

    def __init__(self, file: str, compiled: Compiled) -> None:
        self.members: dict[str, MemberFacts] = {}
        self.born: dict[str, date] = {}
        self._file = file
        self.programme = compiled.programme
        self.away = Away(compiled.programme)

    def fail(self, line: int, code: str, text: str, remedy: str) -> NoReturn:
        """Refuse a story that names what is not there."""
        raise DocumentError(self._file, [Mistake(f"{self._file}:{line}", code, {"line": text}, remedy)])

    def known(self, step: Receipt) -> MemberFacts:
        """Return the member of a receipt."""
        if step.member not in self.members:
            known = ", ".join(self.members) or "nobody yet"
            self.fail(
                step.line, "unknown_member", step.member, f"write `member {step.member}`; known: {known}"
            )
        return self.members[step.member]

    def shown(self, step: Receipt) -> MemberFacts:
        """Return the member's facts as this till sees them: how they were found, what may be spent here."""
        facts = self.known(step)
        wallets = dict(facts.wallets)
        instrument, is_shown = "plastic", True
        for said in step.said:
            if said.kind in {"shows", "found"}:
                instrument, is_shown = said.words["name"], said.kind == "shows"
            elif said.kind == "offline":
                wallet = said.words["wallet"]
                lots = wallets[wallet].lots if wallet in wallets else []
                wallets[wallet] = WalletFacts(lots, self.points(said, wallet))
        facts = msgspec.structs.replace(facts, card_shown=is_shown, instrument=instrument, wallets=wallets)
        days = days_away(step)
        return facts if days is None else self.away.facts(facts, step.at.date(), days)

    def points(self, said: Said, wallet: str) -> int:
        """Return an amount of a wallet in its smallest units."""
        if wallet not in self.programme.text.wallet:
            known = ", ".join(self.programme.text.wallet)
            self.fail(said.line, "unknown_wallet", wallet, f"wallets of this programme: {known}")
        return self._whole(said, said.words["amount"], self.programme.text.decimals(wallet))

    def asked(self, said: Said, wallet: str) -> int | str:
        """Return the points asked for, or "max"."""
        if said.words["amount"] != "max":
            return self.points(said, wallet)
        self.points(said._replace(words={"amount": "0"}), wallet)
        return "max"

    def money(self, said: Said, text: str) -> int:
        """Return a sum in minor units."""
        return self._whole(said, text, self.programme.text.programme.minor_digits)

    def _whole(self, said: Said, text: str, digits: int) -> int:
        number = exact(text) * 10**digits
        if number.denominator != 1:
            self.fail(said.line, "too_fine", text, f"write at most {digits} decimals")
        return int(number)

    def learn(self, step: Facts) -> None:
        """Lay what is said of a member on what was known: lists are replaced, the rest is added."""
        facts = self.members.get(step.member) or MemberFacts(step.member)
        for said in step.said:
            self._check(said)
            if said.kind == "lot":
                facts = self._with_lot(facts, said)
                continue
            if said.kind == "born":
                self.born[step.member] = date.fromisoformat(said.words["day"])
            facts = msgspec.structs.replace(facts, **_LEARNED[said.kind](facts, said.words))
        self.members[step.member] = facts

    def _check(self, said: Said) -> None:
        """Refuse names that the programme does not have: a mistyped one would silently mean nothing."""
        text = self.programme.text
        known: dict[str, tuple[str, Collection[str]]] = {
            "voucher": ("name", text.voucher),
            "count": ("rule", text.rule),
            "left": ("rule", text.rule),
            "measure": ("key", text.tier),
        }
        if said.kind in known:
            word, table = known[said.kind]
            name = said.words[word].partition(":")[0]
            if name not in table:
                remedy = f"known: {', '.join(table) or 'none'}"
                self.fail(said.line, "unknown_name", name, remedy)

    def _with_lot(self, facts: MemberFacts, said: Said) -> MemberFacts:
        wallet = said.words["wallet"]
        held = facts.wallets.get(wallet) or WalletFacts()
        lot = Lot(f"line-{said.line:04}", self.points(said, wallet), *_life(said.words))
        wallets = {**facts.wallets, wallet: WalletFacts([*held.lots, lot])}
        return msgspec.structs.replace(facts, wallets=wallets)


def days_away(step: Receipt) -> int | None:
    """Return how many days ago the till heard head office, None if it answers."""
    said = next((one for one in step.said if one.kind == "away"), None)
    return None if said is None else int(said.words["days"] or 0)


def basket_of(step: Receipt, receipt: str, at: datetime, desk: Desk) -> tuple[Basket, dict[str, int]]:
    """Return the basket of a receipt, and the line number of each of its goods by name."""
    lines: list[Line] = []
    names: dict[str, int] = {}
    plain: dict[str, str] = {}
    codes: list[str] = []
    tenders: list[Tender] = []
    redeem: dict[str, int | str] = {}
    for said in step.said:
        words = said.words
        match said.kind:
            case "goods":
                if words["name"] in names:
                    desk.fail(said.line, "twice", words["name"], "give every line of a receipt its own name")
                names[words["name"]] = len(lines) + 1
                lines.append(_line(len(lines) + 1, said, desk))
            case "shop" | "channel":
                plain[said.kind] = words["name"]
            case "code":
                codes.append(words["name"])
            case "tender":
                tenders.append(Tender(words["kind"], desk.money(said, words["amount"]), words["product"]))
            case "asks":
                redeem[words["wallet"]] = desk.asked(said, words["wallet"])
    basket = Basket(
        receipt,
        at,
        plain.get("shop", "s-1"),
        "till-1",
        desk.programme.currency,
        lines,
        channel=plain.get("channel", ""),
        instruments=codes,
        redeem=redeem,
        planned_tenders=tenders,
        event=step.act.removeprefix("does ") if step.act.startswith("does ") else "",
    )
    return basket, names


def _line(number: int, said: Said, desk: Desk) -> Line:
    """Return a line: the sum of its units rounded half up, less an offer of the shop's own."""
    words = said.words
    count = exact(words["count"] or "1")
    price = desk.money(said, words["price"])
    amount = count * price
    more = words["more"].split()
    pairs = list(zip(more[::2], more[1::2], strict=True))
    offer = sum(desk.money(said, value) for key, value in pairs if key == "offer")
    floor = next((desk.money(said, value) for key, value in pairs if key == "floor"), None)
    given = dict(pairs)
    return Line(
        number,
        given.get("sku", words["name"]),
        half_up(amount.numerator, amount.denominator) - offer,
        given.get("group", ""),
        [value for key, value in pairs if key == "tag"],
        given.get("brand", ""),
        words["count"] or "1",
        price,
        offer,
        floor,
        attributes={
            key: value for name, text in pairs if name == "with" for key, _, value in [text.partition("=")]
        },
    )


def _life(words: dict[str, str]) -> tuple[date | None, date | None]:
    """Return from and until as written: a lot's or voucher's last day counts, an event's does not."""
    start, end = words["from"], words["until"]
    return date.fromisoformat(start) if start else None, date.fromisoformat(end) if end else None


def _counted(key: str, words: _Said) -> dict[str, CountFacts]:
    number = int(words["number"])
    return {key: CountFacts(number, lifetime=number)}


def _ages(born: date) -> dict[str, date]:
    return {str(age): of_age(born, age) for age in AGES}


_LEARNED: dict[str, Callable[[MemberFacts, _Said], dict[str, Any]]] = {
    "segments": lambda _, words: {"segments": words["names"].split()},
    "choices": lambda _, words: {"choices": words["names"].split()},
    "tier": lambda _, words: {"tier": words["name"]},
    "born": lambda _, words: {"of_age_from": _ages(date.fromisoformat(words["day"]))},
    "event": lambda facts, words: {"events": [*facts.events, MemberEvent(words["name"], *_life(words))]},
    "voucher": lambda facts, words: {
        "vouchers": [*facts.vouchers, Voucher(words["name"], f"held-{len(facts.vouchers)}", *_life(words))]
    },
    "count": lambda facts, words: {"counts": {**facts.counts, **_counted(words["rule"], words)}},
    "left": lambda facts, words: {"counts": {**facts.counts, **_counted(f"total:{words['rule']}", words)}},
    "measure": lambda facts, words: {"measures": {**facts.measures, words["key"]: int(words["number"])}},
    "history": lambda facts, words: {"history": {**facts.history, words["rule"]: words["values"].split()}},
}
"""What each form of a member's line changes in the facts."""
