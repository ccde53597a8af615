"""Bring members in from a CSV file: one fact a row, several rows a member; all mistakes are told at once.

Card numbers become tags here and are kept nowhere.  The same file again changes nothing: an opening
balance is a lot of its own, and only the first one counts.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

import msgspec

from agent.errors import DocumentError, Mistake
from agent.headoffice.members import CARD, card_tag, normalised
from agent.headoffice.office import Office
from agent.headoffice.store import members
from agent.loyalty.basket import MONEY_LIMIT

MAX_MISTAKES = 100
LONGEST_CELL = 64
LONGEST_LIST = 1024
LONGEST_NUMBER = 20
DATES = (
    "active_from", "expires_on", "voucher_from", "voucher_until", "event_from", "event_until", "of_age_from",
)  # fmt: skip


class Row(NamedTuple):
    """One row of the file; an empty cell says nothing about its column."""

    member: str
    card: str = ""
    scheme: str = ""
    tier: str = ""
    segments: str = ""
    choices: str = ""
    wallet: str = ""
    balance: str = ""
    active_from: str = ""
    expires_on: str = ""
    voucher: str = ""
    voucher_id: str = ""
    voucher_from: str = ""
    voucher_until: str = ""
    event: str = ""
    event_from: str = ""
    event_until: str = ""
    age: str = ""
    of_age_from: str = ""
    measure: str = ""
    amount: str = ""


class Imported(NamedTuple):
    """What a file held."""

    members: int
    cards: int
    lots: int
    vouchers: int


def import_members(office: Office, text: str, *, name: str) -> Imported:
    """Take a whole file or nothing of it.

    Raises:
        DocumentError: unknown columns and bad cells, each with its line, at most 100.
        LedgerReadOnly: the books cannot be written now.
    """
    rows = list(_read(text, name))
    store = office.store
    with store.writing():
        # What a list still says of a member that was merged is said of the one it was merged into.
        rows = [(line, row._replace(member=members.owner_of(store, row.member))) for line, row in rows]
        mistakes = [mistake for line, row in rows for mistake in _conflicts(office, line, row)]
        if mistakes:
            raise DocumentError(name, mistakes[:MAX_MISTAKES])
        touched: dict[str, None] = {}
        for _, row in rows:
            _put(office, row)
            touched[row.member] = None
        for member in touched:
            members.touch(store, member)
    return Imported(
        members=len(touched),
        cards=sum(bool(row.card) for _, row in rows),
        lots=sum(bool(row.balance) for _, row in rows),
        vouchers=sum(bool(row.voucher) for _, row in rows),
    )


def _read(text: str, name: str) -> Iterator[tuple[int, Row]]:
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    mistakes: list[Mistake] = []
    rows: list[tuple[int, Row]] = []
    try:
        columns = next(reader, [])
        mistakes += _columns(columns)
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != len(columns):
                values = {"cells": len(cells), "columns": len(columns)}
                mistakes.append(
                    Mistake(f"line {reader.line_num}", "wrong_width", values, "one cell a column")
                )
            else:
                known = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
                row = Row(
                    **{"member": "", **{column: known[column] for column in Row._fields if column in known}}
                )
                mistakes += _cells(f"line {reader.line_num}", row)
                rows.append((reader.line_num, row))
    except csv.Error as failure:
        detail = {"detail": str(failure)}
        mistakes.append(Mistake(f"line {reader.line_num}", "not_csv", detail, "quote cells as RFC 4180 says"))
    if mistakes:
        raise DocumentError(name, mistakes[:MAX_MISTAKES])
    yield from rows


def _columns(columns: list[str]) -> Iterator[Mistake]:
    known = ", ".join(Row._fields)
    for column in columns:
        if column not in Row._fields:
            yield Mistake("line 1", "unknown_column", {"column": column}, f"known are: {known}")
        elif columns.count(column) > 1:
            yield Mistake("line 1", "column_twice", {"column": column}, "name each column once")
    if "member" not in columns:
        yield Mistake("line 1", "missing_column", {"column": "member"}, "every row needs its member")


def _cells(at: str, row: Row) -> Iterator[Mistake]:
    for column, problem in [*_shapes(row), *_pairs(row)]:
        given = getattr(row, column)[:LONGEST_CELL] if column != "card" else ""
        yield Mistake(f"{at}, {column}", "invalid", {"given": given}, problem)


def _shapes(row: Row) -> Iterator[tuple[str, str]]:
    """Find cells that are wrong by themselves: (column, remedy)."""
    for column in Row._fields:
        longest = LONGEST_LIST if column in {"segments", "choices"} else LONGEST_CELL
        if len(getattr(row, column)) > longest:
            yield column, f"at most {longest} characters"
    for column in DATES:
        if getattr(row, column) and not _is_date(getattr(row, column)):
            yield column, "write a date as 2026-12-31"
    if row.balance and not _is_balance(row.balance):
        yield "balance", f"whole points, 1 to {MONEY_LIMIT}"
    if row.amount and not _is_balance(row.amount):
        yield "amount", f"a whole number, 1 to {MONEY_LIMIT}"
    if row.age and not (row.age.isascii() and row.age.isdigit()):
        yield "age", "years, as 18"


def _pairs(row: Row) -> Iterator[tuple[str, str]]:
    """Find cells that need one another: (column, remedy)."""
    if not row.member:
        yield "member", "name the member"
    if bool(row.balance) != bool(row.wallet):
        yield "wallet", "a balance needs its wallet, a wallet its balance"
    if (row.active_from or row.expires_on) and not row.balance:
        yield "balance", "these dates belong to a balance"
    if bool(row.voucher) != bool(row.voucher_id):
        yield "voucher_id", "a voucher needs its name and its id"
    if (row.event_from or row.event_until) and not row.event:
        yield "event", "these dates belong to an event"
    if bool(row.age) != bool(row.of_age_from):
        yield "of_age_from", "an age needs the day from which the member has it"
    if bool(row.measure) != bool(row.amount):
        yield "amount", "a measure needs its amount"
    if row.card and not normalised(row.card):
        yield "card", "a number, or nothing"


def _conflicts(office: Office, line: int, row: Row) -> Iterator[Mistake]:
    """Find what contradicts the books: somebody else's card, another opening balance."""
    if row.card:
        card = members.card_row(office.store, card_tag(office, row.card, row.scheme or CARD))
        if card is not None and card["member"] != row.member:
            # The number itself stays out of the message: messages end up in logs.
            values = {"member": card["member"]}
            yield Mistake(f"line {line}, card", "card_taken", values, "move cards one by one")
    if row.balance:
        lot = members.opening_lot(office.store, _lot_key(row))
        if lot is not None and lot["opened"] != int(row.balance):
            values = {"imported": lot["opened"], "given": row.balance}
            yield Mistake(
                f"line {line}, balance", "opened_otherwise", values, "an opening balance counts once"
            )
    if row.measure:
        known = members.opening_measure(office.store, row.member, row.measure)
        if known not in {0, int(row.amount)}:
            values = {"imported": known, "given": row.amount}
            yield Mistake(f"line {line}, amount", "opened_otherwise", values, "a measure is started once")


def _put(office: Office, row: Row) -> None:
    store = office.store
    known = members.member_row(store, row.member)
    members.put_member(store, row.member, _told(row, known))
    if row.card:
        members.put_card(store, card_tag(office, row.card, row.scheme or CARD), row.member)
    if row.balance:
        members.put_opening_lot(
            store, _lot_key(row), int(row.balance), active_from=row.active_from, expires_on=row.expires_on
        )
    if row.measure:
        members.put_opening_measure(store, row.member, row.measure, int(row.amount))
    if row.voucher:
        members.put_voucher(
            store,
            row.member,
            row.voucher_id,
            row.voucher,
            active_from=row.voucher_from,
            expires_on=row.voucher_until,
        )


def _told(row: Row, known: Any) -> dict[str, str]:
    """Return what is said of a member, one row of the file on top of what was known."""
    told: dict[str, str] = {
        column: known[column] if known else default
        for column, default in zip(members.TOLD, ("", "[]", "[]", "[]", "{}"), strict=True)
    }
    told |= {"tier": row.tier} if row.tier else {}
    told |= {name: _list(cells) for name in ("segments", "choices") if (cells := getattr(row, name))}
    if row.event:
        event = {"event": row.event, "from": row.event_from or None, "until": row.event_until or None}
        others = [
            one
            for one in msgspec.json.decode(told["events"])
            if (one["event"], one["from"]) != (event["event"], event["from"])
        ]
        events = sorted([*others, event], key=lambda one: (one["event"], one["from"] or ""))
        told["events"] = msgspec.json.encode(events).decode()
    if row.age:
        ages = msgspec.json.decode(told["of_age_from"]) | {row.age: row.of_age_from}
        told["of_age_from"] = msgspec.json.encode(ages, order="sorted").decode()
    return told


def _lot_key(row: Row) -> tuple[str, str, str]:
    return row.member, row.wallet, f"opening-{row.expires_on or 'unlimited'}"


def _list(cell: str) -> str:
    return msgspec.json.encode(sorted({part.strip() for part in cell.split(";") if part.strip()})).decode()


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_balance(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < LONGEST_NUMBER and 0 < int(text) <= MONEY_LIMIT
