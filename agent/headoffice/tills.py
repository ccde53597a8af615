"""Tills: a one-time code, the key that came with it, and the journals each of them writes."""

import secrets
from hashlib import sha256

from agent.headoffice.office import Office
from agent.sync.wire import (
    PROTOCOL,
    EnrolAnswer,
    Enrolled,
    EnrolRequest,
    Fork,
    Hello,
    HelloAnswer,
    Refusal,
    Welcome,
)

CODE_LIFE_MS = 15 * 60 * 1000


def add_till(office: Office, store: str, till: str) -> str:
    """Announce a till, or a new start of a known one; return its one-time code, valid for 15 minutes."""
    code = secrets.token_hex(10)
    with office.db.writing():
        office.db.run(
            "INSERT INTO till (till, store, code_hash, code_expires_ms) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (till) DO UPDATE SET store = excluded.store, code_hash = excluded.code_hash,"
            " code_expires_ms = excluded.code_expires_ms",
            (till, store, _hash(code), office.now_ms() + CODE_LIFE_MS),
        )
    return code


def enrol(office: Office, request: EnrolRequest) -> EnrolAnswer:
    """Bind a till's public key to its code; each code serves once."""
    with office.db.writing():
        row = office.db.row(
            "SELECT till, store, code_expires_ms FROM till WHERE code_hash = ?", (_hash(request.code),)
        )
        if row is None or row["code_expires_ms"] < office.now_ms():
            return Refusal("code_unknown", "this code is unknown, was used, or is older than 15 minutes")
        office.db.run(
            "UPDATE till SET public_key = ?, code_hash = NULL, enrolled_ms = ? WHERE till = ?",
            (request.public_key, office.now_ms(), row["till"]),
        )
    publisher = office.publisher.public_key().public_bytes_raw()
    return Enrolled(row["till"], row["store"], office.fleet_key, publisher)


def public_key_of(office: Office, till: str) -> bytes | None:
    """Return the public key of an enrolled till, None for any other."""
    row = office.db.row("SELECT public_key FROM till WHERE till = ?", (till,))
    return None if row is None or row["public_key"] is None else bytes(row["public_key"])


def till_of(office: Office, incarnation: str) -> str | None:
    """Return which till writes this journal, None if it never said HELLO."""
    row = office.db.row("SELECT till FROM incarnation WHERE incarnation = ?", (incarnation,))
    return None if row is None else str(row["till"])


def is_active(office: Office, incarnation: str) -> bool:
    """Tell whether this journal may get allowances."""
    row = office.db.row("SELECT state FROM incarnation WHERE incarnation = ?", (incarnation,))
    return row is not None and row["state"] == "ACTIVE"


def greet(office: Office, till: str, hello: Hello) -> HelloAnswer:
    """Answer HELLO: bind an epoch to a new journal (and fence the one before), or find a fork."""
    if hello.protocol > PROTOCOL:
        return Refusal("upgrade_head_office", f"protocol {hello.protocol} is newer than ours ({PROTOCOL})")
    with office.db.writing():
        known = office.db.row("SELECT till FROM incarnation WHERE incarnation = ?", (hello.incarnation,))
        if known is None:
            _bind(office, till, hello.incarnation)
        elif known["till"] != till:
            return Fork(0)
        office.db.run(
            "UPDATE incarnation SET last_contact_ms = ?, program_version = ?, told_seq = ?"
            " WHERE incarnation = ?",
            (office.now_ms(), hello.program_version, hello.head_seq, hello.incarnation),
        )
        row = office.db.row("SELECT * FROM incarnation WHERE incarnation = ?", (hello.incarnation,))
    seq, head = office.segments.received(hello.incarnation)
    if hello.head_seq == seq and hello.head_hash != head:
        return Fork(seq)
    return Welcome(
        epoch=row["epoch"],
        received_seq=seq,
        received_hash=head,
        highest_number=row["next_number"] - 1,
        fenced=row["state"] != "ACTIVE",
        wall_ms=office.now_ms(),
    )


def _bind(office: Office, till: str, incarnation: str) -> None:
    epoch = office.db.row("SELECT next_epoch FROM till WHERE till = ?", (till,))["next_epoch"]
    office.db.run("UPDATE till SET next_epoch = next_epoch + 1 WHERE till = ?", (till,))
    office.db.run("UPDATE incarnation SET state = 'FENCED' WHERE till = ?", (till,))
    office.db.run(
        "INSERT INTO incarnation (incarnation, till, epoch, state) VALUES (?, ?, ?, 'ACTIVE')",
        (incarnation, till, epoch),
    )


def _hash(code: str) -> bytes:
    return sha256(code.strip().encode()).digest()
