"""News from head office: what of a page to believe, in pieces that never hold up a sale.

Step 9 of the walk.  A programme is used only if its bytes have the announced hash, the publisher signed
that hash, its text is sound and its version rises.
"""

from collections.abc import Iterator
from hashlib import sha256

import msgspec

from agent.errors import DocumentError
from agent.ledger.records import StoredProgramme
from agent.loyalty.language.read import load_programme
from agent.sync.announced import ProgrammeNews
from agent.sync.signing import is_signed_by
from agent.sync.wire import Delta

MEMBERS_AT_ONCE = 100
"""Larger transactions were measured to hold the ledger's writer for 40 ms and more."""


def pieces(delta: Delta) -> Iterator[Delta]:
    """Cut a page into pieces of at most 100 members; only the last moves the cursor and `booked`."""
    rows = delta.members
    for start in range(0, max(len(rows), 1), MEMBERS_AT_ONCE):
        is_last = start + MEMBERS_AT_ONCE >= len(rows)
        yield msgspec.structs.replace(
            delta,
            members=rows[start : start + MEMBERS_AT_ONCE],
            to_cursor=delta.to_cursor if is_last else delta.from_cursor,
            booked_seq=delta.booked_seq if is_last else -1,
            erased=delta.erased if is_last else [],
            allowances=delta.allowances if is_last else [],
            recalls=delta.recalls if is_last else [],
            stock_to=delta.stock_to if is_last else -1,
            more=delta.more or not is_last,
        )


def why_no_page(delta: Delta, *, asked: int) -> str:
    """Return why a page is no answer to what was asked from cursor `asked`, or nothing if it is."""
    if delta.from_cursor != asked:
        return f"news from cursor {delta.from_cursor} were not asked for"
    if delta.more and delta.to_cursor == asked and delta.stock_to <= delta.stock_from:
        return f"news stand still at cursor {asked}"
    return ""


def is_old_news(delta: Delta, booked: int) -> bool:
    """Tell whether a page changes nothing here; up to `booked` our own entries are known to be booked."""
    return (
        (delta.to_cursor == delta.from_cursor and delta.booked_seq <= booked)
        and not (delta.members or delta.erased or delta.programmes)
        and not (delta.allowances or delta.recalls or 0 <= delta.stock_to != delta.stock_from)
    )


def believable(delta: Delta, head_seq: int) -> Delta:
    """Return the page without a `booked` that this journal has not reached.

    It speaks of entries that this disk lost; taken at its word it would hide the ones made since.
    """
    return delta if delta.booked_seq <= head_seq else msgspec.structs.replace(delta, booked_seq=-1)


def is_intact(news: ProgrammeNews, text: bytes) -> bool:
    """Tell whether these bytes are the announced ones; others were damaged on their way."""
    return sha256(text).hexdigest() == news.sha256


def why_refused(
    news: ProgrammeNews, text: bytes, *, publisher_key: bytes, stored: StoredProgramme | None
) -> str:
    """Return why an intact programme must not be used, or nothing if it may."""
    if not is_signed_by(publisher_key, news.sha256.encode(), news.signature):
        return "the publisher did not sign it"
    if stored is not None and stored.id == news.id and news.version <= stored.version:
        return f"version {news.version} does not rise above {stored.version}"
    try:
        programme = load_programme(text, name=f"{news.id}.toml")
    except DocumentError as error:
        return str(error)
    if (programme.id, programme.version) != (news.id, news.version):
        return f"it calls itself {programme.id} version {programme.version}"
    return ""
