"""Personal data from tills: boxes that only this office opens, kept as they came in a table of their own.

The key lies in a file beside the books (0600), so neither the books nor a backup of them tell a phone.
"""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from agent.errors import LedgerReadOnly
from agent.files import flush_folder, write_secret
from agent.headoffice.office import Office
from agent.headoffice.store import counter, erasures, members, tills
from agent.journal.box import open_box
from agent.sync.announced import People, PeopleTaken, SealingKey
from agent.sync.signing import SEALING
from agent.sync.wire import PeopleAnswer, Refusal

KEY_FILE = "sealing.key"


class Person(msgspec.Struct, frozen=True):
    """What a box holds, and when it was told."""

    phone: str = ""
    language: str = "en"
    name: str = ""
    told_ms: int = 0


def receive(office: Office, till: str, told: People) -> PeopleAnswer:
    """Keep boxes of members; one that nobody can open, or of an erased member, is dropped and taken.

    Raises:
        LedgerReadOnly: the books cannot be written now; the till keeps its boxes.
    """
    store = office.store
    journal = tills.journal(store, told.incarnation)
    if journal is None or journal["till"] != till:
        return Refusal("unknown_journal", "this till never said HELLO with this journal")
    key = private_key(office)
    with store.writing():
        for one in told.boxes:
            gone = erasures.erasure(store, one.member) is not None
            if gone or open_box(key, one.box, one.member) is None:
                continue
            kept = msgspec.msgpack.encode((one.member, one.box))
            owner = members.owner_of(store, one.member)
            counter.put_person(store, sha256(kept).hexdigest(), owner, kept)
    return PeopleTaken([one.number for one in told.boxes])


def persons(office: Office, member: str) -> list[Person]:
    """Return what members told tills of themselves, opened."""
    found = []
    for kept in counter.persons_of(office.store, member):
        sealed_for, box = msgspec.msgpack.decode(kept, type=tuple[str, bytes])
        plain = open_box(private_key(office), box, sealed_for)
        if plain is not None:
            found.append(msgspec.msgpack.decode(plain, type=Person))
    return found


def sealing_key(office: Office, known: bytes) -> SealingKey | None:
    """Return the public half as tills hear of it, signed by the publisher; None to one that has it."""
    public = _public_half(private_key(office))
    return SealingKey(public, office.publisher.sign(SEALING + public)) if public != known else None


@lru_cache(maxsize=4)
def _public_half(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def private_key(office: Office) -> bytes:
    """Return the private half, made the first time it is asked for.

    Raises:
        LedgerReadOnly: it cannot be written.
    """
    path = Path(office.state) / KEY_FILE
    try:
        if not path.exists():
            write_secret(path, X25519PrivateKey.generate().private_bytes_raw())
            flush_folder(path.parent)
        return path.read_bytes()
    except OSError as failure:
        raise LedgerReadOnly(
            f"{path} cannot be used: {failure.strerror}", remedy="check its rights"
        ) from None
