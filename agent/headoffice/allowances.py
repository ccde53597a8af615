"""Allowances: points set aside for one journal of one till, and for nobody else until it says so.

No transition frees an open allowance because time passed (S3): `honour_until` only stops new spending,
and points come home by the till's own journal.
"""

import json
import os
from datetime import UTC, datetime, time, timedelta

from agent.headoffice.office import Office
from agent.headoffice.tills import is_active
from agent.sync.wire import Allowance, AllowanceAnswer, AllowanceRequest, Deny, LotSlice, encode

HONOUR_MS = 24 * 3600 * 1000


def decide(office: Office, request: AllowanceRequest) -> AllowanceAnswer:
    """Grant or deny one request; the same `request_id` gets the same answer (S1).

    A grant is in the books and in head office's own segment, both on disk, before it is returned.
    """
    with office.db.writing():
        known = office.db.row(
            "SELECT * FROM allowance WHERE incarnation = ? AND request_id = ?",
            (request.incarnation, request.request_id),
        )
        if known is not None:
            return _as_message(known)
        if reason := _why_not(office, request):
            return Deny(reason)
        slices = _take_free(office, request)
        amount = sum(one.amount for one in slices)
        if amount < max(request.minimum, 1):
            _give_back(office, request, slices)
            return Deny("too_few_points", amount)
        row = _record(office, request, slices, amount)
    answer = _as_message(row)
    _append_own_segment(office, answer)
    return answer


def _why_not(office: Office, request: AllowanceRequest) -> str:
    if not is_active(office, request.incarnation):
        return "journal_fenced"
    member = office.db.row("SELECT status FROM member WHERE member = ?", (request.member,))
    if member is None:
        return "member_unknown"
    return "" if member["status"] == "active" else "member_blocked"


def _take_free(office: Office, request: AllowanceRequest) -> list[LotSlice]:
    """Set aside up to `amount` from spendable lots, first-expiring first."""
    today = office.clock.now().date().isoformat()
    wanted, slices = request.amount, []
    for lot in office.db.rows(
        "SELECT * FROM lot WHERE member = ? AND wallet = ? AND free > 0"
        " AND (active_from = '' OR active_from <= ?) AND (expires_on = '' OR expires_on >= ?)"
        " ORDER BY expires_on = '', expires_on, lot",
        (request.member, request.wallet, today, today),
    ):
        taken = min(wanted, lot["free"])
        if not taken:
            break
        slices.append(LotSlice(lot["lot"], taken, lot["active_from"], lot["expires_on"], lot["ends_at"]))
        _move_free(office, request, lot["lot"], -taken)
        wanted -= taken
    return slices


def _give_back(office: Office, request: AllowanceRequest, slices: list[LotSlice]) -> None:
    for one in slices:
        _move_free(office, request, one.lot, one.amount)


def _move_free(office: Office, request: AllowanceRequest, lot: str, amount: int) -> None:
    office.db.run(
        "UPDATE lot SET free = free + ? WHERE member = ? AND wallet = ? AND lot = ?",
        (amount, request.member, request.wallet, lot),
    )


def _record(office: Office, request: AllowanceRequest, slices: list[LotSlice], amount: int) -> object:
    number = office.db.row(
        "SELECT next_number FROM incarnation WHERE incarnation = ?", (request.incarnation,)
    )["next_number"]
    office.db.run(
        "UPDATE incarnation SET next_number = next_number + 1 WHERE incarnation = ?", (request.incarnation,)
    )
    lots = json.dumps([[one.lot, one.amount, one.active_from, one.expires_on, one.ends_at] for one in slices])
    office.db.run(
        "INSERT INTO allowance VALUES (?, ?, ?, ?, ?, ?, 0, 'OPEN', ?, ?)",
        (
            request.incarnation,
            number,
            request.request_id,
            request.member,
            request.wallet,
            amount,
            lots,
            _honour_until_ms(office, slices),
        ),
    )
    return office.db.row(
        "SELECT * FROM allowance WHERE incarnation = ? AND number = ?", (request.incarnation, number)
    )


def _honour_until_ms(office: Office, slices: list[LotSlice]) -> int:
    """A day from now, and never beyond the first lot's last day."""
    latest = office.now_ms() + HONOUR_MS
    for one in slices:
        if one.expires_on:
            day_after = datetime.fromisoformat(one.expires_on) + timedelta(days=1)
            end = datetime.combine(day_after.date(), time(), UTC)
            latest = min(latest, int(end.timestamp() * 1000))
    return latest


def _as_message(row: object) -> Allowance:
    get = row.__getitem__  # type: ignore[attr-defined]
    return Allowance(
        incarnation=get("incarnation"),
        number=get("number"),
        member=get("member"),
        wallet=get("wallet"),
        amount=get("issued"),
        lots=[LotSlice(*one) for one in json.loads(get("lots"))],
        honour_until_ms=get("honour_until_ms"),
    )


def _append_own_segment(office: Office, allowance: Allowance) -> None:
    """Keep a second record: books restored from a backup must not give the same points again."""
    record = encode(allowance)
    descriptor = os.open(office.state / "allowances.segment", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        os.write(descriptor, len(record).to_bytes(4, "big") + record)
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
