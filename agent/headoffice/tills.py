"""Tills: a one-time code, the key that came with it, and the journals each of them writes."""

import secrets
from hashlib import sha256

import structlog

from agent.headoffice.office import Office
from agent.headoffice.store import allowances, tills
from agent.journal.chain import genesis
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

log = structlog.get_logger()
CODE_LIFE_MS = 15 * 60 * 1000
KEY_BYTES = 32


def add_till(office: Office, store: str, till: str) -> str:
    """Announce a till, or a new start of a known one; return its one-time code, valid for 15 minutes."""
    code = secrets.token_hex(10)
    expires_ms = office.now_ms() + CODE_LIFE_MS
    with office.store.writing():
        tills.announce_till(office.store, till, store, code_hash=_hash(code), expires_ms=expires_ms)
    return code


def enrol(office: Office, request: EnrolRequest) -> EnrolAnswer:
    """Bind a till's public key to its code; each code serves one key.

    The same code and key again, while the code lives, get the same answer: the first one may be lost.
    """
    if len(request.public_key) != KEY_BYTES:
        return Refusal("key_malformed", f"a public key has {KEY_BYTES} bytes")
    with office.store.writing():
        row = tills.till_by_code(office.store, _hash(request.code))
        is_spent = row is not None and row["code_key"] not in {None, request.public_key}
        if row is None or is_spent or row["code_expires_ms"] < office.now_ms():
            return Refusal("code_unknown", "this code is unknown, was used, or is older than 15 minutes")
        if row["code_key"] is None:
            tills.bind_key(office.store, row["till"], request.public_key, office.now_ms())
    publisher = office.publisher.public_key().public_bytes_raw()
    return Enrolled(row["till"], row["store"], office.fleet_key, publisher)


def public_key_of(office: Office, till: str) -> bytes | None:
    """Return the public key of an enrolled till, None for any other."""
    row = tills.till_row(office.store, till)
    return None if row is None or row["public_key"] is None else bytes(row["public_key"])


def greet(office: Office, till: str, hello: Hello) -> HelloAnswer:
    """Answer HELLO: bind an epoch to a new journal (and fence the one before), or find a fork."""
    store = office.store
    with store.writing():
        known = tills.journal(store, hello.incarnation)
        if known is None:
            tills.bind_journal(store, till, hello.incarnation, genesis(hello.incarnation))
        elif known["till"] != till:
            return Fork(0)
        tills.note_contact(
            store,
            hello.incarnation,
            now_ms=office.now_ms(),
            version=hello.program_version[:64],
            head_seq=hello.head_seq,
            number=hello.highest_number,
            role="pool" if hello.role == "pool" else "till",
        )
        row = tills.journal(store, hello.incarnation)
        assert row is not None
    if hello.highest_number >= row["next_number"]:
        log.error("books behind", till=till, told=hello.highest_number, highest=row["next_number"] - 1)
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
        protocol=min(hello.protocol, PROTOCOL),
    )


def reconcile(office: Office, till: str) -> int:
    """Go on without the allowances that a till had and no journal of ours knows; return how many numbers.

    What the till still spends of them is parked as `no_allowance`: a loss somebody has accepted.
    """
    store = office.store
    with store.writing():
        missing = 0
        for row in tills.behind(store, till):
            missing += row["told_number"] - row["next_number"] + 1
            allowances.skip_number(store, row["incarnation"], row["told_number"])
    return missing


def _hash(code: str) -> bytes:
    return sha256(code.strip().lower().encode()).digest()
