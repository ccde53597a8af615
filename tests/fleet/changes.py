"""Changes that a power cut may still forget, and which of them reached the disk all the same."""

from random import Random
from typing import NamedTuple

SECTOR = 512
NAMES = frozenset({"create", "delete", "rename"})


class Change(NamedTuple):
    """One change that may still be forgotten."""

    kind: str
    """write truncate create delete rename."""
    inode: int
    name: str
    target: str = ""
    offset: int = 0
    """write: where; truncate: the new size."""
    new: bytes = b""
    old: bytes = b""
    """What stood there: overwritten or cut-off bytes, a deleted or replaced file."""
    size: int = -1
    """The file's size before (-1: unchanged); of a rename, -1 if nothing was replaced."""


def choose(pending: list[Change], chance: Random) -> tuple[str, list[Change]]:
    """Choose which pending changes reached the disk all the same."""
    match chance.randrange(6):
        case 0:
            return "all", list(pending)
        case 1:
            return "all but the last", pending[:-1]
        case 2:
            return "a random subset", [one for one in pending if chance.random() < 0.5]
        case 3:
            return "a torn write", _torn(pending, chance)
        case _:
            return "nothing", []


def _torn(pending: list[Change], chance: Random) -> list[Change]:
    writes = [at for at, one in enumerate(pending) if one.kind == "write" and len(one.new) > SECTOR]
    if not writes:
        return list(pending)
    at = chance.choice(writes)
    one = pending[at]
    sectors = [start for start in range(0, len(one.new), SECTOR) if chance.random() < 0.5]
    torn = [one._replace(offset=one.offset + at, new=one.new[at : at + SECTOR]) for at in sectors]
    return [*pending[:at], *torn]
