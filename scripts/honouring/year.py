"""One policy through the year: each cut begins with what an undisturbed year would have left behind.

The life online goes on as if nothing were ever cut: its balances, visits and placements are what a cut
finds.  Inside a cut nothing reaches head office: stock is not topped up, tills believe what they were told
and what they sold themselves.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from agent.headoffice.following import REST_S
from agent.loyalty.offline import DAY_MS, BeyondUse
from scripts.honouring.cases import AT_THE_WISH, Case
from scripts.honouring.paying import Paying
from scripts.honouring.stock import Account, Homes, Placed
from scripts.honouring.truth import Truth
from scripts.honouring.visits import Visit

Till = tuple[int, int]
Cut = tuple[int, date]
"""A number of its own, and the day on whose night it began."""
REST = timedelta(seconds=REST_S)


class Outcome(NamedTuple):
    """What became of the wishes, and what it cost, in points."""

    wishes: int
    in_full: int
    wished: int
    honoured: int
    overspent: int
    """Points that nobody owned, by the independent count."""
    worst_cut: int
    """The most of them in one cut."""
    debts: int
    """Points beyond allowances that head office finds nothing free for: owed, and earned back."""
    beyond_caps: int
    """Tills, and members at tills, that let go more than the caps, by the independent count."""


class Offline:
    """What a cut has seen of one member: the account as it was cut off, what each till made of it."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.told = account.balance
        self.own: Counter[Till] = Counter()


class Year:
    """Walks the visits once; `cut_account` and `counted` are arguments so that a broken one can be tried."""

    def __init__(
        self,
        case: Case,
        paying: Paying,
        *,
        days: int,
        cut_account: Callable[[], Account] = Account,
        counted: bool = True,
    ) -> None:
        self._case, self._paying, self._days = case, paying, days
        self._counted = counted
        self._policy, self._shops = case.policy, case.shops
        self._life: defaultdict[str, Account] = defaultdict(Account)
        self._cut_account = cut_account
        self._planned: dict[str, date] = {}
        self._booked: dict[str, datetime] = {}
        self._gave: dict[str, datetime] = {}
        self._homes = Homes(case.config.visits_days)
        self._truth = Truth()
        self._cut: dict[str, tuple[Cut, Offline]] = {}
        self._used: dict[Till, BeyondUse] = {}
        self._used_by: Counter[tuple[Till, str]] = Counter()
        self._now: Cut | None = None
        self._beyond: list[tuple[Cut, Till, str, int]] = []
        self._figures: Counter[str] = Counter()

    def walk(self, visits: Sequence[Visit]) -> Outcome:
        """Live through these visits and return what became of their wishes."""
        first = visits[0].day
        for visit in visits:
            if self._days == AT_THE_WISH:
                self._catch_up(visit.member, visit.sold_at)
                if visit.wishes:
                    self._offline(visit, (visit.receipt, visit.day))
            else:
                number = (visit.day - first).days // self._days
                self._offline(visit, (number, first + timedelta(days=number * self._days)))
                self._catch_up(visit.member, visit.sold_at)
            self._online(visit)
        return self._outcome()

    def _catch_up(self, member: str, at: datetime) -> None:
        """Do for a member what bookings and nights before a moment had head office plan."""
        self._follow(member, at)
        day, last = at.date(), self._planned.get(member)
        if last is not None and last >= day:
            return
        if last is None or (day - last).days > 1:
            self._place(member, day - timedelta(days=1))
        self._place(member, day)
        self._planned[member] = day

    def _follow(self, member: str, at: datetime) -> None:
        """Plan after the last booking; what comes home by that is booked again, and planned again."""
        wait = timedelta(seconds=self._case.config.after_s)
        while wait and (booked := self._booked.get(member)):
            due = booked + wait
            if member in self._gave:
                due = max(due, self._gave[member] + REST)
            if due > at:
                return
            placed = self._place(member, due.date())
            if placed.gave:
                self._gave[member] = due
            if placed.took:
                self._booked[member] = due
            else:
                del self._booked[member]

    def _place(self, member: str, day: date) -> Placed:
        home, config = self._homes.of(member, day), self._case.config
        holders = self._shops.holders()
        return self._life[member].place(self._policy, member, home, holders, part=config.part)

    def _online(self, visit: Visit) -> None:
        account = self._life[visit.member]
        paid = self._paying.online(visit, account.balance)
        if paid.redeemed:
            account.spend_online(self._shops.holder(visit.store, visit.till), paid.redeemed)
        account.free += paid.earned
        self._truth.online(visit.member, earned=paid.earned, redeemed=paid.redeemed)
        self._homes.note(visit.member, visit.day, visit.store)
        self._booked[visit.member] = visit.sold_at

    def _offline(self, visit: Visit, cut: Cut) -> None:
        if cut != self._now:
            self._now, self._used = cut, {}
            self._used_by.clear()
        seen = self._in_cut(visit.member, cut)
        till, place = (visit.store, visit.till), self._shops.holder(visit.store, visit.till)
        wish = self._paying.online(visit, max(0, self._truth.owned(visit.member, cut))).redeemed
        allowed = sum(seen.account.at(place)) if visit.wishes else 0
        believed = max(0, seen.told + seen.own[till])
        used = self._used.get(till, BeyondUse())._replace(of_member=self._used_by[till, visit.member])
        paid = self._paying.offline(
            visit,
            believed,
            allowed=allowed,
            used=used,
            known=max(0, believed - allowed),
            news_age_ms=(visit.day - cut[1]).days * DAY_MS,
        )
        self._note_wish(wish, paid.redeemed)
        from_allowances = min(paid.redeemed, allowed)
        if from_allowances:
            seen.account.spend(place, from_allowances)
        seen.own[till] += paid.earned - paid.redeemed
        self._truth.offline(visit.member, cut, earned=paid.earned, redeemed=paid.redeemed)
        if beyond := paid.redeemed - from_allowances:
            self._let_go(visit, cut, beyond, used, seen.account)

    def _in_cut(self, member: str, cut: Cut) -> Offline:
        known = self._cut.get(member)
        if known is None or known[0] != cut:
            self._catch_up(member, datetime.combine(cut[1], time()))
            self._cut[member] = known = (cut, Offline(self._life[member].copy(self._cut_account())))
        return known[1]

    def _let_go(self, visit: Visit, cut: Cut, beyond: int, used: BeyondUse, account: Account) -> None:
        """Count what went beyond allowances: at the till, and as head office books it afterwards."""
        till = (visit.store, visit.till)
        self._beyond.append((cut, till, visit.member, beyond))
        if self._counted:
            self._used[till] = BeyondUse(used.uses + 1, used.points + beyond)
            self._used_by[till, visit.member] += beyond
        free = min(account.free, beyond)
        account.free -= free
        self._figures["debts"] += beyond - free

    def _note_wish(self, wish: int, honoured: int) -> None:
        if wish:
            self._figures["wishes"] += 1
            self._figures["in_full"] += honoured >= wish
            self._figures["wished"] += wish
            self._figures["honoured"] += min(wish, honoured)

    def _outcome(self) -> Outcome:
        for member, account in self._life.items():
            assert self._truth.balance(member) == account.balance, f"the books of {member} are not right"
        figures = self._figures
        return Outcome(
            figures["wishes"], figures["in_full"], figures["wished"], figures["honoured"],
            self._truth.overspent, self._truth.worst_cut, figures["debts"], self._beyond_caps(),
        )  # fmt: skip

    def _beyond_caps(self) -> int:
        words = self._paying.words
        points: Counter[tuple[Cut, Till]] = Counter()
        uses: Counter[tuple[Cut, Till]] = Counter()
        members: Counter[tuple[Cut, Till, str]] = Counter()
        for cut, till, member, beyond in self._beyond:
            points[cut, till] += beyond
            uses[cut, till] += 1
            members[cut, till, member] += beyond
        return (
            sum(one > words.till_cap for one in points.values())
            + sum(one > words.uses for one in uses.values())
            + sum(one > words.credit for one in members.values())
        )
