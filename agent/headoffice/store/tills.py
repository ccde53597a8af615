"""Tills, their keys, and the journals each of them writes."""

from collections.abc import Sequence

from agent.headoffice.store.protocol import Row, Store


def announce_till(store: Store, till: str, shop: str, *, code_hash: bytes, expires_ms: int) -> None:
    """Keep a till with its one-time code, in place of an earlier code."""
    store.run(
        "INSERT INTO till (till, store, code_hash, code_expires_ms) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (till) DO UPDATE SET store = excluded.store, code_hash = excluded.code_hash,"
        " code_expires_ms = excluded.code_expires_ms, code_key = NULL",
        (till, shop, code_hash, expires_ms),
    )


def till_by_code(store: Store, code_hash: bytes) -> Row | None:
    """Return the till that this code was made for, and the key it was spent on, if it was."""
    return store.row(
        "SELECT till, store, code_expires_ms, code_key FROM till WHERE code_hash = ?", (code_hash,)
    )


def bind_key(store: Store, till: str, public_key: bytes, now_ms: int) -> None:
    """Give a till its key and spend its code; earlier keys stay known for what they signed."""
    store.run(
        "UPDATE till SET public_key = ?, code_key = ?, enrolled_ms = ? WHERE till = ?",
        (public_key, public_key, now_ms, till),
    )
    store.run(
        "INSERT INTO till_key (till, public_key, enrolled_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (till, public_key, now_ms),
    )


def till_row(store: Store, till: str) -> Row | None:
    """Return one till."""
    return store.row("SELECT * FROM till WHERE till = ?", (till,))


def keys_of(store: Store, till: str) -> list[bytes]:
    """Return every key a till ever had."""
    return [
        bytes(row["public_key"])
        for row in store.rows("SELECT public_key FROM till_key WHERE till = ?", (till,))
    ]


def keys_in_use(store: Store, shop: str) -> list[tuple[str, bytes]]:
    """Return the enrolled tills of a store with the key that each signs with now."""
    rows = store.rows(
        "SELECT till, public_key FROM till WHERE store = ? AND public_key IS NOT NULL ORDER BY till", (shop,)
    )
    return [(str(row["till"]), bytes(row["public_key"])) for row in rows]


def till_overview(store: Store) -> list[Row]:
    """Return every till with its journals, tills without one included."""
    return store.rows(
        "SELECT t.till, t.store, t.enrolled_ms, i.incarnation, i.epoch, i.state, i.booked_seq, i.told_seq,"
        " i.last_contact_ms, i.program_version FROM till t LEFT JOIN incarnation i ON i.till = t.till"
        " ORDER BY t.store, t.till, i.epoch"
    )


def journal(store: Store, incarnation: str) -> Row | None:
    """Return one journal, None if it never said HELLO."""
    return store.row("SELECT * FROM incarnation WHERE incarnation = ?", (incarnation,))


def journals(store: Store) -> Sequence[Row]:
    """Return every journal."""
    return store.rows("SELECT * FROM incarnation ORDER BY till, epoch")


def bind_journal(store: Store, till: str, incarnation: str, genesis: bytes) -> None:
    """Give a new journal the till's next epoch and fence the one before (S4)."""
    row = store.row("SELECT store, next_epoch FROM till WHERE till = ?", (till,))
    assert row is not None, till
    store.run("UPDATE till SET next_epoch = next_epoch + 1 WHERE till = ?", (till,))
    store.run("UPDATE incarnation SET state = 'FENCED' WHERE till = ? AND state = 'ACTIVE'", (till,))
    store.run(
        "INSERT INTO incarnation (incarnation, till, store, epoch, state, booked_hash, next_number)"
        " VALUES (?, ?, ?, ?, 'ACTIVE', ?,"
        " (SELECT COALESCE(max(number), 0) + 1 FROM allowance WHERE incarnation = ? AND parent = 0))",
        (incarnation, till, row["store"], row["next_epoch"], genesis, incarnation),
    )


def note_contact(
    store: Store, incarnation: str, *, now_ms: int, version: str, head_seq: int, number: int, role: str
) -> None:
    """Remember when a journal was last heard of, its role and length, and its highest allowance ever."""
    store.run(
        "UPDATE incarnation SET last_contact_ms = ?, program_version = ?, told_seq = ?, role = ?,"
        " told_number = max(told_number, ?) WHERE incarnation = ?",
        (now_ms, version, head_seq, role, number, incarnation),
    )


def behind(store: Store, till: str = "") -> Sequence[Row]:
    """Return the journals that had allowances which these books do not know: an older backup is in use."""
    return store.rows(
        "SELECT * FROM incarnation WHERE told_number >= next_number AND (? = '' OR till = ?)", (till, till)
    )
