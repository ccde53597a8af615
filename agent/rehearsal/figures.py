"""What a programme costs, gives and owes over many receipts, month by month and member by member."""

from collections import Counter
from collections.abc import Iterable
from datetime import date

import msgspec

from agent.loyalty.afterwards.carry import IN_WALLETS, is_over
from agent.loyalty.basket import STORED_VALUE, Basket
from agent.loyalty.compile import Compiled
from agent.loyalty.member import MemberFacts
from agent.loyalty.numbers import exact
from agent.loyalty.quote import ProgrammeRef, Quote, Spent


class Month(msgspec.Struct):
    """One month's sums, less what came back in it; money in minor units, points in smallest units.

    `issued` is what the programme gave; `loaded` is stored value that was bought; `given_minor` is what the
    customers had of it: discounts and what was issued at its value, less points that a gift cost.
    """

    receipts: int = 0
    of_members: int = 0
    turnover_minor: int = 0
    discount_minor: int = 0
    paid_minor: int = 0
    issued: dict[str, int] = msgspec.field(default_factory=dict)
    redeemed: dict[str, int] = msgspec.field(default_factory=dict)
    loaded: dict[str, int] = msgspec.field(default_factory=dict)
    given_minor: int = 0

    def add(self, other: "Month", sign: int = 1) -> None:
        """Add another part of the same month, or take it off (-1)."""
        self.receipts += sign * other.receipts
        self.of_members += sign * other.of_members
        self.turnover_minor += sign * other.turnover_minor
        self.discount_minor += sign * other.discount_minor
        self.paid_minor += sign * other.paid_minor
        self.issued = _sum(self.issued, other.issued, sign)
        self.redeemed = _sum(self.redeemed, other.redeemed, sign)
        self.loaded = _sum(self.loaded, other.loaded, sign)
        self.given_minor += sign * other.given_minor


class Gain(msgspec.Struct, frozen=True, order=True):
    """What a member had of it: money (see `Month.given_minor`), and points whatever their worth."""

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
    foreign: int = 0
    """Receipts in another currency: the programme gives nothing for them."""

    @property
    def total(self) -> Month:
        """The sums of all months."""
        total = Month()
        for month in self.months.values():
            total.add(month)
        return total

    def note(self, compiled: Compiled, member: str, basket: Basket, quote: Quote, day: date) -> None:
        """Take in one receipt of that local day; an empty member is nobody known."""
        part = month_of(compiled, basket, quote, member)
        self._month(day).add(part)
        self._gain(member, part)
        self.foreign += basket.currency != compiled.programme.currency
        self.vouchers_given += sum(1 for one in quote.gives if one.kind == "voucher")
        self.vouchers_used += len(quote.vouchers)
        rules = Counter(one.rule for one in quote.reasons if one.code == "applied")
        self.applied = _sum(self.applied, rules)

    def take_back(self, member: str, undone: Month, vouchers: tuple[int, int], day: date) -> None:
        """Take off what a return on a local day undid; `vouchers` are those taken and those given back."""
        self._month(day).add(undone, -1)
        self._gain(member, undone, -1)
        self.vouchers_given -= vouchers[0]
        self.vouchers_used -= vouchers[1]

    def _month(self, day: date) -> Month:
        return self.months.setdefault(f"{day:%Y-%m}", Month())

    def _gain(self, member: str, part: Month, sign: int = 1) -> None:
        if member:
            had = self.gains.get(member, Gain())
            points = sum(part.issued.values())
            self.gains[member] = Gain(had.money_minor + sign * part.given_minor, had.points + sign * points)

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
        self.foreign += other.foreign


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


def month_of(compiled: Compiled, basket: Basket, quote: Quote, member: str) -> Month:
    """Return the figures of one receipt; lines that bring goods back count where those were sold."""
    value = value_lines(basket)
    loaded: Counter[str] = Counter()
    for line in quote.lines:
        if line.line in value:
            loaded.update({one.wallet: one.points for one in line.earned})
    issued: Counter[str] = Counter()
    for lot in quote.lots:
        issued[lot.wallet] += lot.points
    for gift in quote.gives:
        if gift.kind in IN_WALLETS:
            issued[gift.name] += gift.amount
    issued.subtract(loaded)
    month = Month(
        receipts=1,
        of_members=int(bool(member)),
        turnover_minor=sum(line.amount_minor for line in basket.lines if line.returns is None),
        discount_minor=-sum(one.amount_minor for line in quote.lines for one in line.rebates),
        paid_minor=sum(one.amount_minor for line in quote.lines for one in line.paid),
        issued={wallet: points for wallet, points in issued.items() if points},
        redeemed={one.wallet: one.redeem for one in quote.wallets if one.redeem},
        loaded=dict(loaded),
    )
    month.given_minor = given_minor(compiled, month, quote.spent)
    return month


def given_minor(compiled: Compiled, month: Month, spent: Iterable[Spent]) -> int:
    """Return what customers had of it, from its other figures and the points that gifts cost."""
    costs = sum(worth_minor(compiled, one.wallet, one.points) for one in spent if not one.into)
    issued = sum(worth_minor(compiled, *pair) for pair in month.issued.items())
    return month.discount_minor + issued - costs


def value_lines(basket: Basket) -> set[int]:
    """Return the lines that sell stored value."""
    return {line.line for line in basket.lines if STORED_VALUE in line.tags}


def worth_minor(compiled: Compiled, wallet: str, points: int) -> int:
    """Return the money that points stand for, rounded down; points without a value are worth nothing."""
    words = compiled.programme.text.wallet.get(wallet)
    if words is None:
        return 0
    if words.kind == "stored_value":
        return points
    return int(points * exact(words.value) * compiled.minor / 10**words.scale // 1)


def _sum(one: dict[str, int], other: dict[str, int], sign: int = 1) -> dict[str, int]:
    return {key: one.get(key, 0) + sign * other.get(key, 0) for key in sorted(one.keys() | other.keys())}
