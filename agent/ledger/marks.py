"""Numbers and texts that the ledger remembers under a name."""

from agent.ledger.database import Connection
from agent.ledger.seal import seal

SEALING_KEY = "sealing_key"
"""Head office's public key for boxes (people.py), in hex."""


def write_mark(db: Connection, name: str, value: int | str) -> None:
    """Remember a number or a text under a name; the same again writes nothing."""
    number, text = (value, "") if isinstance(value, int) else (0, value)
    db.execute(
        "INSERT INTO mark VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET number = excluded.number,"
        " text = excluded.text, seal = excluded.seal"
        " WHERE number != excluded.number OR text != excluded.text",
        (name, number, text, seal(name, number, text)),
    )
