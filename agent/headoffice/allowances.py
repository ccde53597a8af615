"""Allowances: points set aside for one till, so that nobody else can spend them (strict, S1 and S3).

Only journal entries free what is set aside; `honour_until` stops new spending, it gives nothing back.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agent.errors import DocumentError
from agent.headoffice.office import Office
from agent.headoffice.recalling import recall_for
from agent.headoffice.setting_aside import choose, usable_lots
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
            return as_message(office, known)
        return _refusal(office, till, request) or _issue(office, request, zone)


def time_zone(office: Office) -> ZoneInfo:
    """Return the time zone in which lots begin and end: that of the programme in force."""
    row = programmes.newest_programme(office.store)
    return ZoneInfo("UTC") if row is None else _zone_of(bytes(row["text"]))


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
    now, store = office.clock.now(), office.store
    lots = usable_lots(allowances.free_lots(store, request.member, request.wallet), now, zone)
    free = sum(lot.amount for lot in lots)
    if min(request.amount, free) < max(request.minimum, 1):
        coming = recall_for(store, request.member, request.wallet, but=(request.incarnation, request.pool))
        return Deny("recalled" if coming else "too_few", free)
    chosen = choose(lots, request.amount)
    ends = min([now + LONGEST_HONOUR, *(lot.ends for lot in chosen if lot.ends is not None)])
    number = allowances.take_number(store, request.incarnation)
    given = Issue(
        incarnation=request.incarnation,
        number=number,
        member=request.member,
        wallet=request.wallet,
        request_id=request.request_id,
        slices=[(lot.lot, lot.amount) for lot in chosen],
        issued_ms=office.now_ms(),
        honour_until_ms=int(ends.timestamp() * 1000),
    )
    allowances.issue(store, given)
    office.own_journal.write([given], office.now_ms())
    issued = allowances.by_number(store, request.incarnation, number)
    assert issued is not None
    return as_message(office, issued)


def as_message(office: Office, row: Row) -> Allowance:
    """Return an allowance as it is told to its till."""
    slices: Sequence[Row] = allowances.slices_of(office.store, row)
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
        purpose=row["purpose"],
    )
