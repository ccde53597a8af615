"""The witness: a small file beside the ledger that names an entry it must still hold.

A deleted log, a restored backup or a cloned disk are consistent in themselves; only something outside
the file shows that entries are missing.  It is written at start, when idle and at each acknowledgement,
so a sale pays no second flush.
"""

import json
import os
from pathlib import Path
from typing import NamedTuple

NAME = "witness"


class Witness(NamedTuple):
    """An entry that was once written: its journal, number and hash."""

    incarnation: str
    seq: int
    hash: bytes


def read_witness(folder: Path) -> Witness | None:
    """Return the witness, None if there is none or it cannot be read."""
    try:
        plain = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return Witness(str(plain["incarnation"]), int(plain["seq"]), bytes.fromhex(plain["hash"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_witness(folder: Path, witness: Witness) -> bool:
    """Replace the witness; say whether it worked (a full disk must not stop a sale)."""
    draft = folder / f"{NAME}.new"
    plain = {"incarnation": witness.incarnation, "seq": witness.seq, "hash": witness.hash.hex()}
    try:
        with draft.open("w", encoding="utf-8") as file:
            json.dump(plain, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / NAME)
    except OSError:
        return False
    return True


def forget_witness(folder: Path) -> None:
    """Remove the witness: a new incarnation begins."""
    (folder / NAME).unlink(missing_ok=True)
