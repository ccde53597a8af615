"""What entries do to lots, counts, vouchers and receipts: all derived, all can be made anew."""

from collections.abc import Sequence
from typing import NamedTuple

from agent.headoffice.store.protocol import Row, Store


class Dates(NamedTuple):
    """When a lot or a voucher may be used; ISO texts, empty: no limit."""

    active_from: str
    expires_on: str
    ends_at: str


def open_lot(store: Store, key: tuple[str, str, str], amount: int, dates: Dates) -> None:
    """Add an earned lot; `key` is (member, wallet, lot).

    A reversal from another till may have been booked before, so this adds to what is there.
    """
    store.run(
        "INSERT INTO lot (member, wallet, lot, opened, remaining, active_from, expires_on, ends_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (member, wallet, lot) DO UPDATE SET"
        " opened = lot.opened + excluded.opened, remaining = lot.remaining + excluded.remaining,"
        " active_from = excluded.active_from, expires_on = excluded.expires_on, ends_at = excluded.ends_at",
        (*key, amount, amount, *dates),
    )


def receive_lot(store: Store, key: tuple[str, str, str], amount: int, dates: Dates) -> None:
    """Add points that come from elsewhere, with the dates they have, to a lot or as one."""
    store.run(
        "INSERT INTO lot (member, wallet, lot, remaining, active_from, expires_on, ends_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (member, wallet, lot) DO UPDATE SET"
        " remaining = lot.remaining + excluded.remaining, active_from = excluded.active_from,"
        " expires_on = excluded.expires_on, ends_at = excluded.ends_at",
        (*key, amount, *dates),
    )


def move_lot(store: Store, key: tuple[str, str, str], amount: int) -> None:
    """Take from a lot (below zero) or give back to it; an unknown one is made for the time being."""
    store.run(
        "INSERT INTO lot (member, wallet, lot, remaining) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (member, wallet, lot) DO UPDATE SET remaining = lot.remaining + excluded.remaining",
        (*key, amount),
    )


def extend_lot(store: Store, key: tuple[str, str, str], last_day: str) -> None:
    """Let a lot end later; a day before the one it has changes nothing, so the order does not matter."""
    store.run(
        "UPDATE lot SET expires_on = max(expires_on, ?) WHERE member = ? AND wallet = ? AND lot = ?"
        " AND expires_on <> ''",
        (last_day, *key),
    )


def lot_ends(store: Store, member: str, wallet: str) -> dict[str, str]:
    """Return the last day of each lot of a wallet, empty: none."""
    rows = store.rows("SELECT lot, expires_on FROM lot WHERE member = ? AND wallet = ?", (member, wallet))
    return {str(row["lot"]): str(row["expires_on"]) for row in rows}


def count_row(store: Store, member: str, rule: str) -> Row | None:
    """Return where a member stands on a counting rule."""
    return store.row("SELECT * FROM counted WHERE member = ? AND rule = ?", (member, rule))


def put_count(store: Store, member: str, rule: str, values: tuple[int, str, int, int]) -> None:
    """Set (position, day, today, lifetime) of a counting rule."""
    store.run(
        "INSERT INTO counted (member, rule, position, day, today, lifetime) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (member, rule) DO UPDATE SET position = excluded.position, day = excluded.day,"
        " today = excluded.today, lifetime = excluded.lifetime",
        (member, rule, *values),
    )


def add_measured(store: Store, member: str, measure: str, amount: int) -> None:
    """Add to a measure of a member."""
    store.run(
        "INSERT INTO measured (member, measure, amount) VALUES (?, ?, ?)"
        " ON CONFLICT (member, measure) DO UPDATE SET amount = measured.amount + excluded.amount",
        (member, measure, amount),
    )


def note(store: Store, member: str, key: tuple[str, int, str, int], value: str) -> None:
    """Add to a member's history; `key` is (rule, moment in ms, incarnation, number)."""
    store.run(
        "INSERT INTO noted (member, rule, at_ms, incarnation, seq, value) VALUES (?, ?, ?, ?, ?, ?)",
        (member, *key, value),
    )


def unnote(store: Store, member: str, incarnation: str, seq: int) -> None:
    """Take one entry out of a member's history."""
    store.run(
        "DELETE FROM noted WHERE member = ? AND incarnation = ? AND seq = ?", (member, incarnation, seq)
    )


def given(store: Store, programme: str, rule: str) -> int:
    """Return how often a capped rule has given to anybody."""
    row = store.row("SELECT given FROM capped WHERE programme = ? AND rule = ?", (programme, rule))
    return int(row["given"]) if row is not None else 0


def give_capped(store: Store, programme: str, rule: str, times: int) -> None:
    """Count what a capped rule gave (below zero: gave back)."""
    store.run(
        "INSERT INTO capped (programme, rule, given) VALUES (?, ?, ?)"
        " ON CONFLICT (programme, rule) DO UPDATE SET given = capped.given + excluded.given",
        (programme, rule, times),
    )


def programme_of(store: Store, receipt: str) -> tuple[str, int] | None:
    """Return id and version of the programme a booked receipt was evaluated with."""
    row = store.row("SELECT programme, version FROM receipt WHERE receipt = ?", (receipt,))
    return (str(row["programme"]), int(row["version"])) if row is not None else None


def give_voucher(store: Store, member: str, number: str, voucher: str, dates: Dates) -> None:
    """Give a voucher; its use may have been booked before."""
    store.run(
        "INSERT INTO voucher (member, id, voucher, active_from, expires_on, ends_at, given)"
        " VALUES (?, ?, ?, ?, ?, ?, 1)"
        " ON CONFLICT (member, id) DO UPDATE SET given = voucher.given + 1, voucher = excluded.voucher,"
        " active_from = excluded.active_from, expires_on = excluded.expires_on, ends_at = excluded.ends_at",
        (member, number, voucher, *dates),
    )


def voucher_row(store: Store, member: str, number: str) -> Row | None:
    """Return one voucher; its name is empty until the entry that gives it is booked."""
    return store.row("SELECT * FROM voucher WHERE member = ? AND id = ?", (member, number))


def withdraw_voucher(store: Store, member: str, number: str) -> int:
    """Take back a voucher that an undone receipt gave; return how often it was used."""
    store.run(
        "INSERT INTO voucher (member, id, given) VALUES (?, ?, -1)"
        " ON CONFLICT (member, id) DO UPDATE SET given = voucher.given - 1",
        (member, number),
    )
    row = voucher_row(store, member, number)
    assert row is not None
    return int(row["used"])


def use_voucher(store: Store, member: str, number: str, times: int) -> int:
    """Book a use (below zero: undo one) and return how often it now was used."""
    store.run(
        "INSERT INTO voucher (member, id, used) VALUES (?, ?, ?)"
        " ON CONFLICT (member, id) DO UPDATE SET used = voucher.used + excluded.used",
        (member, number, times),
    )
    row = voucher_row(store, member, number)
    assert row is not None
    return int(row["used"])


RECEIPT_COLUMNS = (
    "receipt",
    "incarnation",
    "seq",
    "store",
    "till",
    "cashier",
    "at",
    "sold_at",
    "day",
    "currency",
    "member",
    "entry_mode",
    "items",
    "gross_minor",
    "rebate_minor",
    "due_minor",
    "offline",
    "programme",
    "version",
    "state",
    "partner",
)


def put_receipt(
    store: Store,
    values: dict[str, object],
    rules: Sequence[tuple[str, int, int]],
    spent: Sequence[tuple[str, str, int, int, str]],
) -> None:
    """Add a receipt, what each rule did: (rule, rebate in minor units, points), and what points became.

    The latter is (rule, wallet, points, amount in minor units, into).
    """
    columns, marks = ", ".join(RECEIPT_COLUMNS), ", ".join("?" * len(RECEIPT_COLUMNS))
    store.run(
        f"INSERT INTO receipt ({columns}) VALUES ({marks})",  # noqa: S608 - names of our own
        [values[column] for column in RECEIPT_COLUMNS],
    )
    store.run_many(
        "INSERT INTO receipt_rule (receipt, rule, rebate_minor, points) VALUES (?, ?, ?, ?)",
        [(values["receipt"], *rule) for rule in rules],
    )
    store.run_many(
        "INSERT INTO receipt_spent (receipt, place, rule, wallet, points, amount_minor, turned_into)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(values["receipt"], place, *one) for place, one in enumerate(spent)],
    )


def give_receipt(store: Store, receipt: str, member: str, points: Sequence[tuple[str, int]]) -> None:
    """Let a receipt be this member's, and each rule's points those that it earned by that."""
    store.run("UPDATE receipt SET member = ? WHERE receipt = ?", (member, receipt))
    store.run_many(
        "INSERT INTO receipt_rule (receipt, rule, rebate_minor, points) VALUES (?, ?, 0, ?)"
        " ON CONFLICT (receipt, rule) DO UPDATE SET points = excluded.points",
        [(receipt, *one) for one in points],
    )


def receipt_state(store: Store, receipt: str) -> str:
    """Return what became of a receipt; empty: it is not here."""
    row = store.row("SELECT state FROM receipt WHERE receipt = ?", (receipt,))
    return str(row["state"]) if row is not None else ""


def set_receipt_state(store: Store, receipt: str, state: str) -> None:
    """Say what became of a receipt, if it is known already; wholly returned is final but for a void."""
    store.run(
        "UPDATE receipt SET state = ? WHERE receipt = ?"
        " AND (state IN ('committed', 'partly_returned') OR ? = 'voided')",
        (state, receipt, state),
    )


def state_before_receipt(store: Store, receipt: str) -> str:
    """Return the state a receipt gets from what was booked before it came (a return at another till)."""
    row = store.row(
        "SELECT max(CASE WHEN kind = 'REVERSE' AND part = '' THEN 2"
        " WHEN kind = 'RETURN' THEN 1 ELSE 0 END) AS rank FROM entry WHERE receipt = ? AND parked = 0",
        (receipt,),
    )
    return ("committed", "partly_returned", "voided")[int(row["rank"] or 0) if row is not None else 0]
