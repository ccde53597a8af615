"""News from head office: what of a page to believe, in pieces that never hold up a sale.

Step 9 of the walk.  A programme is used only if its bytes have the announced hash, the publisher signed
that hash, its text is sound and its version rises.
"""

from collections.abc import Iterator
from hashlib import sha256

import msgspec

from agent.errors import DocumentError
from agent.loyalty.read import load_programme
from agent.sync.signing import is_signed_by
from agent.sync.wire import Delta, ProgrammeNews

MEMBERS_AT_ONCE = 100
"""Larger transactions were measured to hold the ledger's writer for 40 ms and more."""


def pieces(delta: Delta) -> Iterator[Delta]:
    """Cut a page into pieces of at most 100 members; only the last moves the cursor and `booked`."""
    rows = delta.members
    starts = range(0, max(len(rows), 1), MEMBERS_AT_ONCE)
    for start in starts:
        is_last = start + MEMBERS_AT_ONCE >= len(rows)
        yield msgspec.structs.replace(
            delta,
            members=rows[start : start + MEMBERS_AT_ONCE],
            to_cursor=delta.to_cursor if is_last else delta.from_cursor,
            booked_seq=delta.booked_seq if is_last else -1,
            more=delta.more or not is_last,
        )


def why_not(news: ProgrammeNews, text: bytes, *, publisher_key: bytes, version_in_force: int) -> str:
    """Return why this programme must not be used, or nothing if it may."""
    if sha256(text).hexdigest() != news.sha256:
        return "its bytes have another hash than announced"
    if not is_signed_by(publisher_key, news.sha256.encode(), news.signature):
        return "the publisher did not sign it"
    if news.version <= version_in_force:
        return f"version {news.version} does not rise above {version_in_force}"
    try:
        programme = load_programme(text, name=f"{news.id}.toml")
    except DocumentError as error:
        return str(error)
    if (programme.id, programme.version) != (news.id, news.version):
        return f"it calls itself {programme.id} version {programme.version}"
    return ""
