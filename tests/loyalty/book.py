"""A member's book as head office keeps it: receipts are laid on it, returns take them off again."""

from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec

from agent.loyalty.balance import is_usable
from agent.loyalty.basket import Basket
from agent.loyalty.compile import Compiled
from agent.loyalty.evaluate import evaluate
from agent.loyalty.lots import taken_from
from agent.loyalty.member import CountFacts, Lot, MemberFacts, Voucher, WalletFacts
from agent.loyalty.points import Asked
from agent.loyalty.quote import Give, LotEarned, Quote
from agent.loyalty.returns import ReturnEffects
from agent.loyalty.state import State


@dataclass
class Book:
    """A member under one programme; `facts` are what evaluation may know."""

    programme: Compiled
    facts: MemberFacts = field(default_factory=lambda: MemberFacts("m"))
    receipts: int = 0

    def buy(self, basket: Basket, at: datetime, *, draw: int = 0) -> Quote:
        """Evaluate a basket and book what it gives."""
        self.receipts += 1
        basket = msgspec.structs.replace(basket, receipt_id=f"r{self.receipts}")
        quote = evaluate(self.programme, self.facts, basket, at, draw=draw)
        local = at.astimezone(self.programme.zone)
        spent = {one.wallet: one.redeem for one in quote.wallets if one.redeem}
        state = State(self.programme.scopes, self.facts, basket, local, Asked({}))
        for wallet, points in spent.items():
            usable = [lot for lot in self._lots(wallet) if is_usable(lot, state)]
            for name, part in taken_from(usable, points, self._order(wallet)):
                self._move(wallet, Lot(name, -part))
        for lot in quote.lots:
            self._move(lot.wallet, _lot(f"{basket.receipt_id}/{lot.wallet}", lot, lot.points))
        for index, give in enumerate(quote.gives):
            self._given(give, f"{basket.receipt_id}/{index}")
        self._moved(quote, local.date(), sign=1)
        used = {one.id for one in quote.vouchers}
        self._replace(vouchers=[one for one in self.facts.vouchers if one.id not in used])
        return quote

    def take_back(self, quote: Quote, effects: ReturnEffects, day: date) -> None:
        """Lay a return on the book: totals only, its lots are the ledger's matter."""
        for wallet, points in effects.earned.items():
            self._move(wallet, Lot("returned", -points))
        for wallet, points in effects.spent.items():
            self._move(wallet, Lot("returned", points))
        for index in effects.gives:
            give = quote.gives[index]
            if give.kind in {"lot", "stored_value"}:
                self._move(give.name, Lot("returned", -give.amount))
            gone = f"{quote.receipt_id}/{index}"
            self._replace(vouchers=[one for one in self.facts.vouchers if one.id != gone])
        names = {one.id: one.voucher for one in quote.vouchers}
        back = [Voucher(names[one], one) for one in effects.vouchers]
        self._replace(vouchers=sorted([*self.facts.vouchers, *back], key=lambda one: one.id))
        self._undo(quote, effects, day)

    def balance(self, wallet: str) -> int:
        """Return all points of a wallet."""
        return sum(lot.amount for lot in self._lots(wallet))

    def totals(self) -> dict[str, object]:
        """Return everything a return must bring back to what it was."""
        facts = self.facts
        return {
            "wallets": {name: self.balance(name) for name in facts.wallets if self.balance(name)},
            "counts": {
                rule: (one.position, one.lifetime)
                for rule, one in facts.counts.items()
                if one.position or one.lifetime
            },
            "measures": {key: amount for key, amount in facts.measures.items() if amount},
            "history": {rule: days for rule, days in facts.history.items() if days},
            "vouchers": [one.id for one in facts.vouchers],
            "tier": self.programme.tiers.effective(facts, date(2026, 3, 10)),
        }

    def _order(self, wallet: str) -> str:
        text = self.programme.programme.text
        return text.wallet[wallet].spend_order or text.settings.get("spend_order", "expires_first")

    def _lots(self, wallet: str) -> list[Lot]:
        return self.facts.wallets.get(wallet, WalletFacts()).lots

    def _given(self, give: Give, name: str) -> None:
        if give.kind in {"lot", "stored_value"}:
            self._move(give.name, _lot(name, give, give.amount))
        if give.kind == "voucher":
            ends = date.fromisoformat(give.expires_on) if give.expires_on else None
            voucher = Voucher(give.name, name, None, ends)
            self._replace(vouchers=sorted([*self.facts.vouchers, voucher], key=lambda one: one.id))

    def _move(self, wallet: str, lot: Lot) -> None:
        lots = {one.lot: one for one in self._lots(wallet)}
        known = lots.get(lot.lot)
        lots[lot.lot] = msgspec.structs.replace(known, amount=known.amount + lot.amount) if known else lot
        self._replace(wallets={**self.facts.wallets, wallet: WalletFacts(list(lots.values()))})

    def _moved(self, quote: Quote, day: date, *, sign: int) -> None:
        counts, measures = dict(self.facts.counts), dict(self.facts.measures)
        history = {rule: list(values) for rule, values in self.facts.history.items()}
        for one in quote.counts:
            known = counts.get(one.rule) or CountFacts()
            today = known.today if known.day == day else 0
            position = known.position + one.units - one.size * one.rewards
            counts[one.rule] = CountFacts(position, day, today + one.units, known.lifetime + one.units)
        for part in quote.measured:
            measures[part.measure] = measures.get(part.measure, 0) + sign * part.amount
        for noted in quote.noted:
            history[noted.rule] = [*history.get(noted.rule, []), noted.value][-10:]
        self._replace(counts=counts, measures=measures, history=history)

    def _undo(self, quote: Quote, effects: ReturnEffects, day: date) -> None:
        counts, measures = dict(self.facts.counts), dict(self.facts.measures)
        history = {rule: list(values) for rule, values in self.facts.history.items()}
        for rule, units in effects.counts.items():
            known = counts[rule]
            counts[rule] = CountFacts(known.position - units, day, known.today, known.lifetime - units)
        sizes = {one.rule: one.size for one in quote.counts}
        for rule, rewards in effects.rewards.items():
            back = counts[rule].position + sizes[rule] * rewards
            counts[rule] = msgspec.structs.replace(counts[rule], position=back)
        for key, amount in effects.measures.items():
            measures[key] -= amount
        for noted in effects.noted:
            history[noted.rule].remove(noted.value)
        self._replace(counts=counts, measures=measures, history=history)

    def _replace(self, **changes: object) -> None:
        self.facts = msgspec.structs.replace(self.facts, **changes)


def _lot(name: str, made: LotEarned | Give, amount: int) -> Lot:
    start = date.fromisoformat(made.active_from) if made.active_from else None
    end = date.fromisoformat(made.expires_on) if made.expires_on else None
    instant = datetime.fromisoformat(made.ends_at) if made.ends_at else None
    return Lot(name, amount, start, end, instant)
