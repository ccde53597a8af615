"""Placement: every night a command plans what lies where, and the server sets it aside.

Only the serving process writes our own journal, so the command leaves orders; recalls it marks itself,
they set nothing aside.  A plan is made from the books as they are; what is no longer free when an order
is carried out is not placed.
"""

from collections.abc import Iterator, Sequence
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
    since = office.clock.now().astimezone(time_zone(office)) - timedelta(days=config.visits_days)
    policy, wallets = policy_of(config), _wallets(store)
    if tills.behind(store):
        return
    with store.reading():
        placements.find_homes(store, since.date().isoformat())
    held = holders(store, office.now_ms() - config.silent_days * DAY_MS)
    after, night = "", f"stock/{change(store)}/{office.now_ms()}"
    while rows := placements.homes(store, after, MEMBERS_AT_ONCE):
        after = rows[-1]["member"]
        planned = Planned(len(rows), [], [])
        with store.reading():
            for row in rows:
                homes = held.get(row["store"], ()) if row["status"] == "active" else ()
                _plan_member(office, policy, wallets, row["member"], homes=homes, night=night, into=planned)
        yield planned


def holders(store: Store, since_ms: int) -> dict[str, list[str]]:
    """Return who keeps stock, by store: its pool alone where it has one, else tills heard of since."""
    rows = placements.holders(store, since_ms)
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


def _wallets(store: Store) -> list[str]:
    compiled = newest(store)
    if compiled is None:
        return []
    vouchers = strict_vouchers(compiled.programme)
    return [*offline_wallets(compiled.programme), *(wallet_for(one) for one in vouchers)]


def _plan_member(
    office: Office,
    policy: Policy,
    wallets: Sequence[str],
    member: str,
    *,
    homes: Sequence[str],
    night: str,
    into: Planned,
) -> None:
    """Plan one member: stock that lies elsewhere than at these homes is wanted back."""
    rows = placements.open_of(office.store, member)
    here = set(homes) if policy.share else set()
    for row in rows:
        if row["purpose"] == allowances.STOCK and row["incarnation"] not in here and row["state"] == "ACTIVE":
            into.recalls.append(row)
    if not here:
        return
    now, zone = office.clock.now(), time_zone(office)
    for wallet in wallets:
        lots = usable_lots(allowances.free_lots(office.store, member, wallet), now, zone)
        free = sum(lot.amount for lot in lots)
        mine = [row for row in rows if row["wallet"] == wallet]
        stays = [row for row in mine if row["incarnation"] in here and not row["recalled"]]
        # What a pool lent to its tills lies at home, too.
        at_home = sum(row["points"] for row in stays if row["purpose"] == allowances.STOCK or row["parent"])
        balance, least = free + sum(row["points"] for row in mine), policy.least
        if is_voucher(wallet):
            points = least = free  # a voucher is not shared: it lies at home, whole
        else:
            points = points_to_place(policy, balance=balance, free=free, at_home=at_home)
        if points:
            request_id = f"{night}/{member}/{wallet}"
            into.orders.extend(
                Order(journal, member, wallet, part, request_id)
                for journal, part in parts(points, homes, member=member, least=least)
            )
