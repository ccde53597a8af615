"""Stock: points placed with a journal before anybody asks for them, told with its news, recalled on demand.

Each goes through S1 as what is asked for at a card read does: our own journal, the books, and only then
the till.  It comes home by the till's journal alone; a recall only asks for that.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from agent.headoffice import allowances
from agent.headoffice.office import Office
from agent.headoffice.setting_aside import Part, choose, usable_lots
from agent.headoffice.store import allowances as table
from agent.headoffice.store import members, tills
from agent.headoffice.store.allowances import STOCK, Issue
from agent.headoffice.store.protocol import Store
from agent.sync.wire import Allowance, Pull

PAGE = 100
"""Allowances told in one page of news: about 30 kB."""


class Order(NamedTuple):
    """Points to be placed with one journal; the same `request_id` is placed once."""

    incarnation: str
    member: str
    wallet: str
    points: int
    request_id: str


class Told(NamedTuple):
    """What a page of news says of stock: allowances, numbers wanted back, until which change."""

    allowances: list[Allowance]
    recalls: list[int]
    until: int
    more: bool


def place(office: Office, orders: Sequence[Order], *, honour: timedelta) -> int:
    """Set aside what is still free of each order, in one transaction and one write of our own journal.

    Returns the points placed.  An order of a journal that is fenced, or of a member who is blocked or
    gone, is passed over, and so is everything while these books are older than what a till was given.

    Raises:
        LedgerReadOnly: nothing can be set aside now, and nothing was.
    """
    store, zone, now = office.store, allowances.time_zone(office), office.clock.now()
    with store.writing():
        office.own_journal.catch_up()
        if tills.behind(store):
            return 0
        issues: list[Issue] = []
        for order in orders:
            if not _may_hold(store, order) or table.by_request(store, order.incarnation, order.request_id):
                continue
            lots = usable_lots(table.free_lots(store, order.member, order.wallet), now, zone)
            for index, part in enumerate(_by_end(choose(lots, order.points), now + honour)):
                request_id = f"{order.request_id}/{index}" if index else order.request_id
                issues.append(_issue(store, order, part, request_id, office.now_ms()))
        if issues:
            office.own_journal.write(issues, office.now_ms())
    return sum(amount for issue in issues for _, amount in issue.slices)


def told(office: Office, pull: Pull) -> Told:
    """Return what a journal has not heard of its stock; inside `reading` or `writing`.

    What is wanted back is told whole again: a till that never had it takes it in and gives it back.
    """
    if pull.stock < 0:
        return Told([], [], -1, more=False)
    rows = table.changed_since(office.store, pull.incarnation, pull.stock, PAGE + 1)
    more, rows = len(rows) > PAGE, rows[:PAGE]
    return Told(
        allowances=[allowances.as_message(office, row) for row in rows],
        recalls=[row["number"] for row in rows if row["recalled"]],
        until=rows[-1]["change"] if rows else pull.stock,
        more=more,
    )


def _may_hold(store: Store, order: Order) -> bool:
    journal = tills.journal(store, order.incarnation)
    member = members.member_row(store, order.member)
    is_active = journal is not None and journal["state"] == "ACTIVE"
    return is_active and member is not None and member["status"] == "active"


def _by_end(parts: Sequence[Part], full: datetime) -> list[tuple[datetime, list[Part]]]:
    """Part lots that end before `full` from the others: one that ends tomorrow must not end them all."""
    soon = [part for part in parts if part.ends is not None and part.ends < full]
    rest = [part for part in parts if part not in soon]
    ends = min((part.ends for part in soon if part.ends is not None), default=full)
    return [(end, some) for end, some in ((ends, soon), (full, rest)) if some]


def _issue(
    store: Store, order: Order, part: tuple[datetime, list[Part]], request_id: str, now_ms: int
) -> Issue:
    until, lots = part
    issue = Issue(
        incarnation=order.incarnation,
        number=table.take_number(store, order.incarnation),
        member=order.member,
        wallet=order.wallet,
        request_id=request_id,
        slices=[(one.lot, one.amount) for one in lots],
        issued_ms=now_ms,
        honour_until_ms=int(until.timestamp() * 1000),
        purpose=STOCK,
    )
    table.issue(store, issue)
    return issue
