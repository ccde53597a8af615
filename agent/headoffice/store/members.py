"""Members, their cards, and what they own: lots, counts and vouchers."""

from collections.abc import Sequence

from agent.headoffice.store.protocol import Row, Store
from agent.headoffice.store.settings import next_change

TOLD = ("tier", "segments", "choices", "events", "of_age_from")
"""What head office says of a member; all but the first are JSON."""


def member_row(store: Store, member: str) -> Row | None:
    """Return one member."""
    return store.row("SELECT * FROM member WHERE member = ?", (member,))


def card_row(store: Store, tag: bytes) -> Row | None:
    """Return one card."""
    return store.row("SELECT * FROM card WHERE tag = ?", (tag,))


def cards_of(store: Store, member: str) -> Sequence[Row]:
    """Return a member's cards, blocked ones included."""
    return store.rows("SELECT * FROM card WHERE member = ? ORDER BY tag", (member,))


def lots_of(store: Store, member: str) -> Sequence[Row]:
    """Return a member's lots that hold something (or lack something), first-expiring first."""
    return store.rows(
        "SELECT * FROM lot WHERE member = ? AND remaining <> 0"
        " ORDER BY wallet, CASE WHEN expires_on = '' THEN 1 ELSE 0 END, expires_on, ends_at, lot",
        (member,),
    )


def counts_of(store: Store, member: str) -> Sequence[Row]:
    """Return where a member stands on each counting rule."""
    return store.rows("SELECT * FROM counted WHERE member = ? ORDER BY rule", (member,))


def measures_of(store: Store, member: str) -> Sequence[Row]:
    """Return a member's measures that hold something."""
    return store.rows("SELECT * FROM measured WHERE member = ? AND amount <> 0 ORDER BY measure", (member,))


def history_of(store: Store, member: str) -> Sequence[Row]:
    """Return what a member's rules remember, oldest first."""
    return store.rows(
        "SELECT * FROM noted WHERE member = ? ORDER BY rule, at_ms, incarnation, seq", (member,)
    )


def owner_of(store: Store, member: str) -> str:
    """Return who owns a member's account now: the member, or the one it was merged into."""
    row = store.row("SELECT merged_into FROM member WHERE member = ? AND merged_into <> ''", (member,))
    return str(row["merged_into"]) if row is not None else member


def vouchers_of(store: Store, member: str) -> Sequence[Row]:
    """Return the vouchers a member can still use."""
    return store.rows(
        "SELECT * FROM voucher WHERE member = ? AND given > 0 AND used <= 0 ORDER BY id", (member,)
    )


def changed_since(store: Store, cursor: int, limit: int) -> Sequence[Row]:
    """Return members that changed after `cursor`, in the order of their last change."""
    return store.rows("SELECT * FROM member WHERE version > ? ORDER BY version LIMIT ?", (cursor, limit))


def touch(store: Store, member: str) -> None:
    """Let every till hear of this member again; members not in the books are passed over."""
    store.run("UPDATE member SET version = ? WHERE member = ?", (next_change(store), member))


def put_member(store: Store, member: str, told: dict[str, str]) -> None:
    """Add a member, or replace what is said of one (columns TOLD); a block stays."""
    store.run(
        "INSERT INTO member (member, status, tier, segments, choices, events, of_age_from, version)"
        " VALUES (?, 'active', ?, ?, ?, ?, ?, 0) ON CONFLICT (member) DO UPDATE SET"
        " tier = excluded.tier, segments = excluded.segments, choices = excluded.choices,"
        " events = excluded.events, of_age_from = excluded.of_age_from",
        (member, *(told[column] for column in TOLD)),
    )


def put_card(store: Store, tag: bytes, member: str) -> None:
    """Attach a card; a block stays."""
    store.run("INSERT INTO card (tag, member) VALUES (?, ?) ON CONFLICT (tag) DO NOTHING", (tag, member))


def put_opening_lot(
    store: Store, key: tuple[str, str, str], amount: int, *, active_from: str, expires_on: str
) -> None:
    """Add an opening balance as a lot of its own; `key` is (member, wallet, lot)."""
    store.run(
        "INSERT INTO lot (member, wallet, lot, imported, opened, remaining, active_from, expires_on)"
        " VALUES (?, ?, ?, 1, ?, ?, ?, ?) ON CONFLICT (member, wallet, lot) DO NOTHING",
        (*key, amount, amount, active_from, expires_on),
    )


def put_opening_measure(store: Store, member: str, measure: str, amount: int) -> None:
    """Start a measure from what was known before; the first one counts."""
    store.run(
        "INSERT INTO measured (member, measure, opening, amount) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (member, measure) DO UPDATE SET opening = excluded.opening,"
        " amount = measured.amount + excluded.opening WHERE measured.opening = 0",
        (member, measure, amount, amount),
    )


def opening_measure(store: Store, member: str, measure: str) -> int:
    """Return with what a measure was started, 0 if it was not."""
    row = store.row("SELECT opening FROM measured WHERE member = ? AND measure = ?", (member, measure))
    return int(row["opening"]) if row is not None else 0


def opening_lot(store: Store, key: tuple[str, str, str]) -> Row | None:
    """Return an opening lot as it was brought in."""
    return store.row(
        "SELECT opened FROM lot WHERE member = ? AND wallet = ? AND lot = ? AND imported = 1", key
    )


def put_voucher(
    store: Store, member: str, number: str, voucher: str, *, active_from: str, expires_on: str
) -> None:
    """Give a voucher from a list; one that is there already stays as it is."""
    store.run(
        "INSERT INTO voucher (member, id, voucher, imported, active_from, expires_on, given)"
        " VALUES (?, ?, ?, 1, ?, ?, 1) ON CONFLICT (member, id) DO NOTHING",
        (member, number, voucher, active_from, expires_on),
    )


def block_member(store: Store, member: str, reason: str) -> None:
    """Bar a member from earning and spending."""
    store.run("UPDATE member SET status = 'blocked', reason = ? WHERE member = ?", (reason, member))


def block_card(store: Store, tag: bytes, reason: str) -> None:
    """Bar one card; the member's others go on."""
    store.run("UPDATE card SET blocked = 1, reason = ? WHERE tag = ?", (reason, tag))


def member_count(store: Store) -> int:
    """Return how many members there are."""
    row = store.row("SELECT count(*) AS n FROM member")
    assert row is not None
    return int(row["n"])
