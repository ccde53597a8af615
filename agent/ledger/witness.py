"""The witness: a small file beside the ledger that names an entry it must still hold.

A deleted log, a restored backup or a cloned disk are consistent in themselves; only something outside
the file shows that entries are missing.  It is written at start, when idle and at each acknowledgement,
so a sale pays no second flush.
"""

import json
from typing import NamedTuple

from agent.ledger.storage import Storage

NAME = "witness"


class Witness(NamedTuple):
    """An entry that was once written: its journal, number and hash."""

    incarnation: str
    seq: int
    hash: bytes


def read_witness(storage: Storage) -> Witness | None:
    """Return the witness, None if there is none or it cannot be read."""
    try:
        plain = json.loads(storage.read(NAME) or b"")
        return Witness(str(plain["incarnation"]), int(plain["seq"]), bytes.fromhex(plain["hash"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_witness(storage: Storage, witness: Witness) -> bool:
    """Replace the witness; say whether it worked (a full disk must not stop a sale)."""
    plain = {"incarnation": witness.incarnation, "seq": witness.seq, "hash": witness.hash.hex()}
    try:
        storage.put(NAME, json.dumps(plain).encode())
    except OSError:
        return False
    return True


def forget_witness(storage: Storage) -> None:
    """Remove the witness: a new incarnation begins."""
    storage.remove(NAME)
