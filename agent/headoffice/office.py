"""One head office: its books, its segments and its keys, opened together."""

import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.clock import Clock
from agent.headoffice.segments import Segments
from agent.headoffice.store.database import Database

FLEET_KEY_BYTES = 32


class Office:
    """What every part of head office is given; `clock` is the only time they know."""

    def __init__(self, state: Path, clock: Clock) -> None:
        self.state = state
        self.clock = clock
        self.db = Database(state / "books.db")
        self.segments = Segments(state / "segments")
        self._make_keys()

    @property
    def fleet_key(self) -> bytes:
        """The key under which all tags are made, 32 bytes."""
        return self._setting("fleet_key")

    @property
    def publisher(self) -> Ed25519PrivateKey:
        """The key that signs programmes."""
        return Ed25519PrivateKey.from_private_bytes(self._setting("publisher_key"))

    def now_ms(self) -> int:
        """Return the wall time in milliseconds."""
        return int(self.clock.now().timestamp() * 1000)

    def next_change(self) -> int:
        """Return the next number of the change cursor; call inside a transaction."""
        self.db.run("UPDATE setting SET value = value + 1 WHERE name = 'change'")
        return self.change()

    def change(self) -> int:
        """Return the number of the last change."""
        return int(self.db.row("SELECT value FROM setting WHERE name = 'change'")["value"])

    def close(self) -> None:
        """Close the books."""
        self.db.close()

    def _setting(self, name: str) -> bytes:
        return bytes(self.db.row("SELECT value FROM setting WHERE name = ?", (name,))["value"])

    def _make_keys(self) -> None:
        with self.db.writing():
            self.db.run_many(
                "INSERT OR IGNORE INTO setting (name, value) VALUES (?, ?)",
                [
                    ("fleet_key", secrets.token_bytes(FLEET_KEY_BYTES)),
                    ("publisher_key", Ed25519PrivateKey.generate().private_bytes_raw()),
                    ("change", 0),
                ],
            )
