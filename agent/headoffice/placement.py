"""Placement: what lies where is planned for all members every night, and for each after a booking.

Only the serving process writes our own journal, so the nightly command leaves orders; recalls it marks
itself, they set nothing aside.  A plan is made from the books as they are; what is no longer free when an
order is carried out is not placed.  `following.py` is the other half: it plans in the serving process.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from agent.config.headoffice import Placement
from agent.headoffice import stock
from agent.headoffice.allowances import time_zone
from agent.headoffice.office import Office
from agent.headoffice.placing import PRESETS, Policy, parts, points_to_place
from agent.headoffice.recalling import recall
from agent.headoffice.setting_aside import usable_lots
from agent.headoffice.stock import Order
from agent.headoffice.store import allowances, placements, tills
from agent.headoffice.store.allowances import STOCK
from agent.headoffice.store.protocol import Row, Store
from agent.headoffice.store.settings import change
from agent.headoffice.versions import newest
from agent.journal.vouchers import is_voucher, wallet_for
from agent.loyalty.paying import offline_wallets, strict_vouchers

MEMBERS_AT_ONCE = 500
ORDERS_AT_ONCE = 100
"""Orders carried out in one transaction: an allowance asked for at a till waits for it."""
DAY_MS = 86_400_000


class Planned(NamedTuple):
    """What one slice of members comes to: how many they are, orders, and stock wanted back."""

    members: int
    orders: list[Order]
    recalls: list[Row]


def policy_of(config: Placement) -> Policy:
    """Return the figures of a named policy, with those that the configuration sets itself."""
    share, keep_free = PRESETS[config.policy]
    if config.policy != "none":
        share = share if config.share is None else config.share
        keep_free = keep_free if config.keep_free is None else config.keep_free
    return Policy(share, keep_free, config.least)


def plan(office: Office, config: Placement) -> Iterator[Planned]:
    """Go through all members in slices: what is placed at home, and what is wanted back from elsewhere.

    Nothing is changed.  Yields nothing while the books are older than what a till was given.
    """
    store = office.store
    if tills.behind(store):
        return
    with store.reading():
        placements.find_homes(store, _since(office, config))
    planner = Planner(office, config, holders(store, _heard_since(office, config)))
    after = ""
    while rows := placements.homes(store, after, MEMBERS_AT_ONCE):
        after = rows[-1]["member"]
        yield planner.plan(rows)


def plan_for(office: Office, config: Placement, members: Sequence[str]) -> Planned:
    """Plan these members alone, a few hundred at most; nothing is changed."""
    store = office.store
    with store.reading():
        rows = placements.homes_of(store, _since(office, config), members)
        held = holders(store, _heard_since(office, config), stores=sorted({row["store"] for row in rows}))
    return Planner(office, config, held).plan(rows)


def holders(store: Store, since_ms: int, stores: Sequence[str] | None = None) -> dict[str, list[str]]:
    """Return who keeps stock, by store: its pool alone where it has one, else tills heard of since."""
    rows = placements.holders(store, since_ms, stores)
    of_store: dict[str, list[str]] = {}
    with_pool = {row["store"] for row in rows if row["role"] == "pool"}
    for row in rows:
        if row["role"] == "pool" or row["store"] not in with_pool:
            of_store.setdefault(row["store"], []).append(row["incarnation"])
    return of_store


def order(office: Office, planned: Planned, config: Placement) -> None:
    """Leave the orders of a slice for the server, and mark what it wants back."""
    honour_ms = config.honour_days * DAY_MS
    with office.store.writing():
        placements.add(
            office.store,
            [
                (one.incarnation, one.request_id, one.member, one.wallet, one.points, honour_ms)
                for one in planned.orders
            ],
        )
        recall(office.store, planned.recalls)


def carry_out(office: Office) -> int:
    """Place some of the orders that wait; return how many that were.  Only the serving process may.

    Raises:
        LedgerReadOnly: nothing can be set aside now; they wait on.
    """
    store = office.store
    rows = placements.waiting(store, ORDERS_AT_ONCE)
    if not rows or tills.behind(store):
        return 0
    orders = [
        Order(row["incarnation"], row["member"], row["wallet"], row["points"], row["request_id"])
        for row in rows
    ]
    # They are of one plan, since a newer one clears what waits.
    stock.place(office, orders, honour=timedelta(milliseconds=rows[0]["honour_ms"]))
    # Carried out again after a crash here, each is known by its request id and changes nothing.
    with store.writing():
        placements.done(store, rows)
    return len(rows)


class Planner:
    """Plans members one slice after the other, under one policy and with the same holders."""

    def __init__(self, office: Office, config: Placement, held: Mapping[str, Sequence[str]]) -> None:
        self._office = office
        self._policy = policy_of(config)
        self._part = config.part
        self._held = held
        self._wallets = _wallets(office.store)
        self._zone = time_zone(office)
        self._name = f"stock/{change(office.store)}/{office.now_ms()}"

    def plan(self, rows: Sequence[Row]) -> Planned:
        """Plan members with home and status: what lies elsewhere than at home is wanted back."""
        planned = Planned(len(rows), [], [])
        with self._office.store.reading():
            for row in rows:
                homes = self._held.get(row["store"], ()) if row["status"] == "active" else ()
                self._plan(row["member"], homes if self._policy.share else (), planned)
        return planned

    def _plan(self, member: str, homes: Sequence[str], into: Planned) -> None:
        rows = placements.open_of(self._office.store, member)
        for row in rows:
            if row["purpose"] == STOCK and row["incarnation"] not in homes and row["state"] == "ACTIVE":
                into.recalls.append(row)
        if not homes:
            return
        for wallet in self._wallets:
            mine = [row for row in rows if row["wallet"] == wallet]
            points = self._points(member, wallet, homes, mine)
            if points:
                request_id = f"{self._name}/{member}/{wallet}"
                part = points if is_voucher(wallet) else self._part  # a voucher is not shared
                into.orders.extend(
                    Order(journal, member, wallet, some, request_id)
                    for journal, some in parts(points, homes, member=member, least=part)
                )

    def _points(self, member: str, wallet: str, homes: Sequence[str], mine: Sequence[Row]) -> int:
        """Return how many points go home, given a wallet's open allowances."""
        lots = allowances.free_lots(self._office.store, member, wallet)
        free = sum(lot.amount for lot in usable_lots(lots, self._office.clock.now(), self._zone))
        if is_voucher(wallet):
            return free
        stays = [row for row in mine if row["incarnation"] in homes and not row["recalled"]]
        # What a pool lent to its tills lies at home, too.
        at_home = sum(row["points"] for row in stays if row["purpose"] == STOCK or row["parent"])
        balance = free + sum(row["points"] for row in mine)
        return points_to_place(self._policy, balance=balance, free=free, at_home=at_home)


def _since(office: Office, config: Placement) -> str:
    """Return the first day whose visits count, in the programme's time zone."""
    day = office.clock.now().astimezone(time_zone(office)) - timedelta(days=config.visits_days)
    return day.date().isoformat()


def _heard_since(office: Office, config: Placement) -> int:
    return office.now_ms() - config.silent_days * DAY_MS


def _wallets(store: Store) -> list[str]:
    compiled = newest(store)
    if compiled is None:
        return []
    vouchers = strict_vouchers(compiled.programme)
    return [*offline_wallets(compiled.programme), *(wallet_for(one) for one in vouchers)]
