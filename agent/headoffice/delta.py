"""Pages of news for one till: members that changed since its cursor, the programme, and what is booked.

The last page carries `booked`: figures and mark come from one view of the books, so a till that drops
its own entries up to the mark counts nothing twice.
"""

import msgspec

from agent.headoffice.directory import directory_news
from agent.headoffice.facts import wire_row
from agent.headoffice.office import Office
from agent.headoffice.pages import Asked, Pages, on_page
from agent.headoffice.peers import peers_news
from agent.headoffice.people import sealing_key
from agent.headoffice.publish import news
from agent.headoffice.stock import told
from agent.headoffice.store import erasures, members, placements, programmes, tills
from agent.headoffice.store.settings import change
from agent.sync.announced import Erased
from agent.sync.packing import packed
from agent.sync.wire import Delta, Pull, PullAnswer, Refusal, encode

MAX_PAGE = 200
"""A member with a year of lots takes 6 kB or more; a till refuses answers above 4 MiB."""


def answer(office: Office, till: str, pull: Pull, pages: Pages) -> bytes:
    """Return the answer as it is sent; a page that says nothing to this till alone is made once for all."""
    store, now_ms = office.store, office.now_ms()
    _note_heard(office, till, pull)
    with store.reading():
        announced = directory_news(store, above=pull.directory)
        asked = Asked(
            pull.cursor, min(pull.limit, MAX_PAGE), announced.cursor if announced else 0, pull.packed
        )
        if (kept := pages.find(asked, now_ms)) and _has_nothing_of_its_own(office, till, pull):
            return kept
        made = _page(office, till, pull)
        is_shared = isinstance(made, Delta) and made.more and not (made.allowances or made.sealing_key)
        if is_shared:
            made = msgspec.structs.replace(made, stock_from=0, stock_to=-1)
        content = packed(encode(made)) if pull.packed else encode(made)
        if is_shared:
            pages.keep(asked, content, now_ms)
        return content


def page(office: Office, till: str, pull: Pull) -> PullAnswer:
    """Return what is new since `pull.cursor`: at most 200 members, and 100 allowances placed or recalled."""
    _note_heard(office, till, pull)
    with office.store.reading():
        return _page(office, till, pull)


def _has_nothing_of_its_own(office: Office, till: str, pull: Pull) -> bool:
    journal = tills.journal(office.store, pull.incarnation)
    return (
        journal is not None
        and journal["till"] == till
        and not told(office, _within(pull, change(office.store))).allowances
        and sealing_key(office, pull.sealing_key) is None
    )


def _within(pull: Pull, last: int) -> Pull:
    """Return a question whose stock cursor is one of ours: one ahead is of books that were restored."""
    return pull if pull.stock <= last else msgspec.structs.replace(pull, stock=0)


def _page(office: Office, till: str, pull: Pull) -> PullAnswer:
    store, limit = office.store, min(pull.limit, MAX_PAGE)
    journal = tills.journal(store, pull.incarnation)
    if journal is None or journal["till"] != till:
        return Refusal("unknown_journal", "this till never said HELLO with this journal")
    last = change(store)
    # A cursor ahead of us comes from before our books were restored: everything is told again.
    cursor = pull.cursor if 0 <= pull.cursor <= last else 0
    rows = members.changed_since(store, cursor, limit + 1)
    stock = told(office, _within(pull, last))
    has_more = len(rows) > limit
    rows = on_page(rows, limit) if has_more else rows
    more = has_more or stock.more
    to_cursor = rows[-1]["version"] if has_more else last
    programme = programmes.newest_programme(store)
    is_news = programme is not None and cursor < programme["change"] <= to_cursor
    return Delta(
        from_cursor=pull.cursor,
        to_cursor=to_cursor,
        more=more,
        booked_seq=-1 if more else journal["booked_seq"],
        members=[wire_row(store, row, office.clock.now()) for row in rows],
        erased=[
            Erased(row["member"], row["version"]) for row in erasures.told_between(store, cursor, to_cursor)
        ],
        programmes=[news(programme)] if programme is not None and is_news else [],
        directory=directory_news(store, above=pull.directory),
        peers=None if more else peers_news(office, till, known=pull.peers),
        allowances=stock.allowances,
        recalls=stock.recalls,
        stock_from=max(pull.stock, 0),
        stock_to=stock.until,
        sealing_key=sealing_key(office, pull.sealing_key),
    )


def _note_heard(office: Office, till: str, pull: Pull) -> None:
    """Keep what this till has taken in, if stock or an erasure is among it.

    A pull every 2 s must not cost a write.
    """
    store = office.store
    with store.reading():
        journal = tills.journal(store, pull.incarnation)
        if journal is None or journal["till"] != till:
            return
        is_news = (
            journal["heard_directory"] != pull.directory
            or journal["heard_stock"] != pull.stock
            or bool(erasures.told_between(store, journal["heard_cursor"], pull.cursor))
        )
    if is_news:
        with store.writing():
            erasures.note_heard(store, pull.incarnation, pull.cursor, pull.directory)
            placements.note_stock_heard(store, pull.incarnation, pull.stock)
