"""The member directory's file: every member of the chain as of one cursor, made once, never changed.

One SQLite file with whole-number keys: of 6 million members it was measured to be smaller and to need
less memory than text keys, a memory map or LMDB.  Two tables, since a member may have several cards and
is asked for by pseudonym as well.  Keys are the first 63 bits of what they stand for; the rest lies in
the row and is compared, and whoever builds the file refuses two of one key.
"""

from hashlib import blake2b

APPLICATION_ID = 0x4C4F5944  # "LOYD"
FORMAT = 1
SCHEMA = """
CREATE TABLE member (
    key INTEGER PRIMARY KEY, version INTEGER NOT NULL, facts BLOB NOT NULL
) STRICT;
CREATE TABLE card (
    key INTEGER PRIMARY KEY, rest BLOB NOT NULL, member INTEGER NOT NULL, blocked INTEGER NOT NULL
) STRICT;
CREATE TABLE about (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID
"""
_KEY_BYTES = 8


def card_key(tag: bytes) -> tuple[int, bytes]:
    """Return the key of a card's tag (16 bytes) and the rest that confirms it.

    >>> card_key(bytes(range(16)))[0] == 0x0001020304050607 >> 1
    True
    """
    return int.from_bytes(tag[:_KEY_BYTES]) >> 1, tag[_KEY_BYTES - 1 :]


def member_key(member: str) -> int:
    """Return the key of a pseudonym."""
    return int.from_bytes(blake2b(member.encode(), digest_size=_KEY_BYTES).digest()) >> 1


def file_name(cursor: int) -> str:
    """Return how the directory as of a cursor is called in the state folder.

    >>> file_name(42)
    'members-42.db'
    """
    return f"members-{cursor}.db"
