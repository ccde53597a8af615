"""Allowances: points set aside for one till, so that nobody else can spend them (strict, S1 and S3).

Only journal entries free what is set aside; `honour_until` stops new spending, it gives nothing back.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agent.errors import DocumentError
from agent.headoffice.office import Office
from agent.headoffice.store import allowances, members, programmes, tills
from agent.headoffice.store.allowances import Issue
from agent.headoffice.store.protocol import Row
from agent.loyalty.language.read import load_programme
from agent.sync.wire import Allowance, AllowanceAnswer, AllowanceRequest, Deny, LotSlice, Refusal

LONGEST_HONOUR = timedelta(hours=24)


def answer(office: Office, till: str, request: AllowanceRequest) -> AllowanceAnswer:
    """Set points aside, or say why not; the same request gets the same allowance again.

    The answer may only be sent after this returned: our own journal and the books are durable then.

    Raises:
        LedgerReadOnly: nothing can be set aside now.
    """
    store = office.store
    zone = time_zone(office)
    with store.writing():
        office.own_journal.catch_up()
        if known := allowances.by_request(store, request.incarnation, request.request_id):
            if (known["member"], known["wallet"]) != (request.member, request.wallet):
                return Refusal("request_conflict", "this request id was used for another account")
            return _as_message(office, known)
        return _refusal(office, till, request) or _issue(office, request, zone)


def time_zone(office: Office) -> ZoneInfo:
    """Return the time zone in which lots begin and end: that of the programme in force."""
    row = programmes.newest_programme(office.store)
    return ZoneInfo("UTC") if row is None else _zone_of(bytes(row["text"]))


def is_alive(row: Row, now: datetime, zone: ZoneInfo) -> bool:
    """Return whether points of a lot may be spent now, by the calendar of the programme."""
    if row["active_from"] and row["active_from"] > now.astimezone(zone).date().isoformat():
        return False
    end = _end_of(row, zone)
    return end is None or end > now


@lru_cache(maxsize=8)
def _zone_of(text: bytes) -> ZoneInfo:
    try:
        return ZoneInfo(load_programme(text, name="programme").time_zone)
    except (DocumentError, ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _refusal(office: Office, till: str, request: AllowanceRequest) -> Deny | Refusal | None:
    if tills.behind(office.store):
        return Deny("books_behind")
    journal = tills.journal(office.store, request.incarnation)
    if journal is None or journal["till"] != till:
        return Refusal("unknown_journal", "this till never said HELLO with this journal")
    if journal["state"] != "ACTIVE":
        return Deny("fenced")
    member = members.member_row(office.store, request.member)
    if member is None:
        return Deny("unknown_member")
    return None if member["status"] == "active" else Deny("blocked")


def _issue(office: Office, request: AllowanceRequest, zone: ZoneInfo) -> AllowanceAnswer:
    now = office.clock.now()
    rows = allowances.free_lots(office.store, request.member, request.wallet)
    usable = [(row, row["free"]) for row in rows if row["free"] > 0 and is_alive(row, now, zone)]
    # What a clawback took below zero is owed before anything more is set aside.
    owed = -sum(row["free"] for row in rows if row["free"] < 0)
    free = max(0, sum(amount for _, amount in usable) - owed)
    wanted = min(request.amount, free)
    if wanted < max(request.minimum, 1):
        return Deny("too_few", free)
    slices, ends = [], now + LONGEST_HONOUR
    for row, amount in usable:
        if wanted <= 0:
            break
        slices.append((row["lot"], min(amount, wanted)))
        wanted -= slices[-1][1]
        ends = min(ends, _end_of(row, zone) or ends)
    number = allowances.take_number(office.store, request.incarnation)
    given = Issue(
        incarnation=request.incarnation,
        number=number,
        member=request.member,
        wallet=request.wallet,
        request_id=request.request_id,
        slices=slices,
        issued_ms=office.now_ms(),
        honour_until_ms=int(ends.timestamp() * 1000),
    )
    allowances.issue(office.store, given)
    office.own_journal.write(given, office.now_ms())
    issued = allowances.by_number(office.store, request.incarnation, number)
    assert issued is not None
    return _as_message(office, issued)


def _as_message(office: Office, row: Row) -> Allowance:
    slices: Sequence[Row] = allowances.slices_of(office.store, row["incarnation"], row["number"])
    return Allowance(
        incarnation=row["incarnation"],
        number=row["number"],
        member=row["member"],
        wallet=row["wallet"],
        amount=row["issued"],
        lots=[
            LotSlice(one["lot"], one["amount"], one["active_from"], one["expires_on"], one["ends_at"])
            for one in slices
        ],
        honour_until_ms=row["honour_until_ms"],
    )


def _end_of(row: Row, zone: ZoneInfo) -> datetime | None:
    """Return the instant a lot ends: its own, or the end of its last day."""
    if row["ends_at"]:
        return datetime.fromisoformat(row["ends_at"]).astimezone(UTC)
    if row["expires_on"]:
        last = datetime.fromisoformat(row["expires_on"]).date()
        return datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)
    return None
