"""What a programme costs, gives and owes over many receipts, month by month and member by member."""

from collections import Counter
from datetime import date
from fractions import Fraction

import msgspec

from agent.loyalty.basket import Basket
from agent.loyalty.carry import is_over
from agent.loyalty.compile import Compiled
from agent.loyalty.member import MemberFacts
from agent.loyalty.numbers import exact
from agent.loyalty.quote import ProgrammeRef, Quote


class Month(msgspec.Struct):
    """One month's sums; money in minor units, points in a wallet's smallest units."""

    receipts: int = 0
    of_members: int = 0
    turnover_minor: int = 0
    discount_minor: int = 0
    paid_minor: int = 0
    issued: dict[str, int] = msgspec.field(default_factory=dict)
    redeemed: dict[str, int] = msgspec.field(default_factory=dict)

    def add(self, other: "Month") -> None:
        """Add another part of the same month."""
        self.receipts += other.receipts
        self.of_members += other.of_members
        self.turnover_minor += other.turnover_minor
        self.discount_minor += other.discount_minor
        self.paid_minor += other.paid_minor
        self.issued = _sum(self.issued, other.issued)
        self.redeemed = _sum(self.redeemed, other.redeemed)


class Gain(msgspec.Struct, frozen=True, order=True):
    """What a member had of it: money (discounts, points at their value), and points whatever their worth."""

    money_minor: int = 0
    points: int = 0


class Figures(msgspec.Struct):
    """Everything about one programme version over one set of receipts."""

    programme: ProgrammeRef
    months: dict[str, Month] = msgspec.field(default_factory=dict)
    gains: dict[str, Gain] = msgspec.field(default_factory=dict)
    outstanding: dict[str, int] = msgspec.field(default_factory=dict)
    expired: dict[str, int] = msgspec.field(default_factory=dict)
    liability_minor: int = 0
    vouchers_given: int = 0
    vouchers_used: int = 0
    applied: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def total(self) -> Month:
        """The sums of all months."""
        total = Month()
        for month in self.months.values():
            total.add(month)
        return total

    def note(self, compiled: Compiled, member: str, basket: Basket, quote: Quote, day: date) -> None:
        """Take in one receipt of that local day; an empty member is nobody known."""
        month = self.months.setdefault(f"{day:%Y-%m}", Month())
        off = -sum(one.amount_minor for line in quote.lines for one in line.rebates)
        issued: Counter[str] = Counter()
        for lot in quote.lots:
            issued[lot.wallet] += lot.points
        for gift in quote.gives:
            if gift.kind == "lot":
                issued[gift.name] += gift.amount
        month.add(
            Month(
                receipts=1,
                of_members=int(bool(member)),
                turnover_minor=sum(line.amount_minor for line in basket.lines),
                discount_minor=off,
                paid_minor=sum(one.amount_minor for line in quote.lines for one in line.paid),
                issued=dict(issued),
                redeemed={one.wallet: one.redeem for one in quote.wallets if one.redeem},
            )
        )
        self.vouchers_given += sum(1 for one in quote.gives if one.kind == "voucher")
        self.vouchers_used += len(quote.vouchers)
        rules = Counter(one.rule for one in quote.reasons if one.code == "applied")
        self.applied = _sum(self.applied, rules)
        if member:
            had = self.gains.get(member, Gain())
            worth = sum(worth_minor(compiled, wallet, points) for wallet, points in issued.items())
            money = had.money_minor + off + worth
            self.gains[member] = Gain(money, had.points + sum(issued.values()))

    def close(self, compiled: Compiled, members: list[MemberFacts], day: date) -> None:
        """Take in what members hold at the end: still owed, or expired by that day."""
        for facts in members:
            for wallet, held in facts.wallets.items():
                for lot in held.lots:
                    into = self.expired if is_over(lot, day) else self.outstanding
                    into[wallet] = into.get(wallet, 0) + lot.amount
        self.liability_minor = sum(
            worth_minor(compiled, wallet, points) for wallet, points in self.outstanding.items()
        )

    def add(self, other: "Figures") -> None:
        """Add what another worker found for other members."""
        for name, month in other.months.items():
            self.months.setdefault(name, Month()).add(month)
        self.months = dict(sorted(self.months.items()))
        self.gains |= other.gains
        self.outstanding = _sum(self.outstanding, other.outstanding)
        self.expired = _sum(self.expired, other.expired)
        self.liability_minor += other.liability_minor
        self.vouchers_given += other.vouchers_given
        self.vouchers_used += other.vouchers_used
        self.applied = _sum(self.applied, other.applied)


class Members(msgspec.Struct, frozen=True):
    """Whom a change of programme suits: how many gain, lose or stay, and what the most extreme get."""

    better: int
    worse: int
    same: int
    most_gained_minor: int
    most_lost_minor: int


def compare_members(old: Figures, new: Figures) -> Members:
    """Count members by what the new version gives them more or less; money first, then points."""
    everybody = old.gains.keys() | new.gains.keys()
    pairs = [(old.gains.get(one, Gain()), new.gains.get(one, Gain())) for one in everybody]
    changes = [after.money_minor - before.money_minor for before, after in pairs]
    better = sum(after > before for before, after in pairs)
    worse = sum(after < before for before, after in pairs)
    return Members(
        better=better,
        worse=worse,
        same=len(pairs) - better - worse,
        most_gained_minor=max([0, *changes]),
        most_lost_minor=min([0, *changes]),
    )


def worth_minor(compiled: Compiled, wallet: str, points: int) -> int:
    """Return the money that points stand for, rounded down; points without a value are worth nothing."""
    words = compiled.programme.text.wallet.get(wallet)
    value = exact(words.value) if words else Fraction(0)
    return int(points * value * compiled.minor / 10 ** (words.scale if words else 0) // 1)


def _sum(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in sorted(one.keys() | other.keys())}
