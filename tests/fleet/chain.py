"""How a chain begins: members with cards and points, tills with keys, one programme; the same every time."""

import shutil
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.headoffice import tills
from agent.headoffice.member_import import import_members
from agent.headoffice.office import Office
from agent.headoffice.publish import publish
from agent.headoffice.store import settings
from agent.headoffice.store.database import Database
from agent.sync.wire import Enrolled, EnrolRequest
from tests.fleet.limits import limited

PROGRAMME = (Path(__file__).parent / "club.toml").read_bytes()
FLEET_KEY = b"f" * 32
FIRST_MORNING = datetime(2026, 11, 24, tzinfo=UTC)
OPENING = 300
"""Points with which each member begins."""


def till_name(number: int) -> str:
    """Return the name of the so-manyth till; three tills make a store."""
    return f"{number // 3 + 1}-{number % 3 + 1}"


def key_of(till: str) -> Ed25519PrivateKey:
    """Return a till's signing key."""
    return Ed25519PrivateKey.from_private_bytes(blake2b(till.encode(), digest_size=32).digest())


def member_name(number: int) -> str:
    """Return a member's pseudonym."""
    return f"m-{number}"


def card_of(number: int) -> str:
    """Return a member's card number, check digit and all.

    >>> card_of(1)
    '2990000000019'
    """
    body = f"299{number:09d}"
    odd, even = (sum(int(digit) for digit in body[start::2]) for start in (0, 1))
    return f"{body}{-(odd + 3 * even) % 10}"


class Template:
    """A head office on its first morning, made once and copied for each run."""

    def __init__(self, folder: Path, *, members: int, count: int, is_limited: bool = False) -> None:
        self._folder = folder
        store = Database(folder / "books.db")
        settings.make_settings(store, {"fleet_key": FLEET_KEY, "publisher_key": b"p" * 32})
        store.close()
        office = Office(folder, _Standing(), serving=True, new_id=lambda: "0" * 32)
        publish(office, limited(PROGRAMME) if is_limited else PROGRAMME, name="club.toml")
        rows = [f"{member_name(n)},{card_of(n)},points,{OPENING}" for n in range(1, members + 1)]
        import_members(office, "\n".join(["member,card,wallet,balance", *rows, ""]), name="members.csv")
        for number in range(count):
            name = till_name(number)
            code = tills.add_till(office, name.partition("-")[0], name)
            public = key_of(name).public_key().public_bytes_raw()
            assert isinstance(tills.enrol(office, EnrolRequest(code, public)), Enrolled)
        self.publisher_key = office.publisher.public_key().public_bytes_raw()
        office.close()

    def copy_to(self, folder: Path) -> None:
        """Lay it out in an empty folder."""
        shutil.copytree(
            self._folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("lock", "*-shm")
        )


class _Standing:
    """The first morning, standing still."""

    def now(self) -> datetime:
        return FIRST_MORNING

    def monotonic_s(self) -> float:
        return 0.0
