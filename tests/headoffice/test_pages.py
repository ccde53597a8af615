"""Pages of news are made once for many tills, and are what each would have been told alone."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.headoffice import delta, pages, stock
from agent.headoffice.erasing import erase, journal_pending
from agent.headoffice.member_import import import_members
from agent.headoffice.office import Office
from agent.headoffice.pages import BLOCK, Asked, Pages, on_page
from agent.headoffice.people import sealing_key
from agent.sync.packing import unpacked
from agent.sync.wire import Delta, Pull, Refusal
from tests.headoffice.test_stock import MONTH
from tests.headoffice.till_end import StillClock, TillEnd

MANY = 700
CAP = 4 * 2**20


@pytest.fixture
def tills(office: Office) -> list[TillEnd]:
    tills = [TillEnd(f"12-{at}", f"{at:032x}") for at in (1, 2, 3)]
    for till in tills:
        till.enrol(office)
        till.greet(office)
    import_members(office, "member\n" + "".join(f"n-{at:04d}\n" for at in range(MANY)), name="many.csv")
    return tills


def question(office: Office, till: TillEnd, cursor: int, **more: Any) -> Pull:
    """Ask as a till does that has the key to seal with."""
    key = sealing_key(office, b"")
    assert key is not None
    return Pull(till.incarnation, cursor, sealing_key=key.key, **more)


def ask(office: Office, till: TillEnd, kept: Pages, cursor: int = 0, **more: Any) -> tuple[bytes, Delta]:
    pull = question(office, till, cursor, **more)
    content = delta.answer(office, till.name, pull, kept)
    return content, msgspec.msgpack.decode(unpacked(content, CAP), type=Delta)


def all_news(
    office: Office, till: TillEnd, kept: Pages, cursor: int = 0, **more: Any
) -> tuple[list[bytes], list[Delta]]:
    contents: list[bytes] = []
    told: list[Delta] = []
    while not told or told[-1].more:
        content, one = ask(office, till, kept, told[-1].to_cursor if told else cursor, **more)
        contents.append(content)
        told.append(one)
    return contents, told


def names(told: Sequence[Delta]) -> list[str]:
    return [row.member for page in told for row in page.members]


@pytest.mark.parametrize("packed", [True, False])
def test_tills_that_ask_the_same_get_the_same_bytes_made_once(
    office: Office, tills: list[TillEnd], *, packed: bool
) -> None:
    kept = Pages()
    contents, told = all_news(office, tills[0], kept, packed=packed)
    assert sorted(names(told)) == sorted({*names(told)}), "nobody twice"
    assert len(names(told)) == MANY + 2
    made = kept.made
    for till in tills[1:]:
        assert all_news(office, till, kept, packed=packed)[0][:-1] == contents[:-1]
    assert kept.made == made
    assert kept.told == 2 * (len(contents) - 1)


def test_a_page_kept_is_the_page_that_the_till_would_have_had_alone(
    office: Office, tills: list[TillEnd]
) -> None:
    kept = Pages()
    all_news(office, tills[0], kept, stock=0)
    for kept_page in all_news(office, tills[1], kept, stock=0)[1]:
        pull = question(office, tills[1], kept_page.from_cursor, stock=0)
        alone = delta.page(office, tills[1].name, pull)
        assert isinstance(alone, Delta)
        if kept_page.more:
            alone = msgspec.structs.replace(alone, stock_from=0, stock_to=-1)
        assert kept_page == alone


def test_tills_that_begin_elsewhere_soon_ask_the_same(office: Office, tills: list[TillEnd]) -> None:
    kept = Pages()
    _, told = all_news(office, tills[0], kept)
    middle = told[0].members[70].version
    made = kept.made
    _, others = all_news(office, tills[1], kept, middle)
    assert kept.made == made + 1, "one page up to the end of a block, then the same"
    assert [one.to_cursor for one in others] == [one.to_cursor for one in told if one.to_cursor > middle]


def test_what_is_placed_for_a_till_reaches_it_though_its_page_is_kept(
    office: Office, tills: list[TillEnd]
) -> None:
    kept = Pages()
    all_news(office, tills[0], kept, stock=0)
    order = stock.Order(tills[1].incarnation, "m-1", "points", 100, "s-1")
    stock.place(office, [order], honour=MONTH)
    _, first = ask(office, tills[1], kept, stock=0)
    assert [one.amount for one in first.allowances] == [100]
    assert first.more


def test_a_journal_that_never_greeted_is_told_nothing_though_the_page_is_kept(
    office: Office, tills: list[TillEnd]
) -> None:
    kept = Pages()
    all_news(office, tills[0], kept)
    told = delta.answer(office, tills[1].name, question(office, tills[0], 0), kept)
    assert msgspec.msgpack.decode(told, type=Refusal).code == "unknown_journal"


def test_what_changes_behind_a_kept_page_is_told_by_a_later_one(
    office: Office, tills: list[TillEnd], clock: StillClock
) -> None:
    kept = Pages()
    _, before = all_news(office, tills[0], kept)
    gone, new = (before[0].members[at].member for at in (5, 6))
    erase(office, gone)
    journal_pending(office)
    import_members(office, f"member,segments\n{new},loyal\n", name="one.csv")
    _, told = all_news(office, tills[1], kept)
    changed = [row for page in told for row in page.members if row.member == new]
    assert changed[-1].facts.segments == ["loyal"]
    assert [one.member for page in told for one in page.erased] == [gone]
    clock.advance(milliseconds=pages.KEPT_MS + 1)
    later = names(all_news(office, tills[2], kept)[1])
    assert (later.count(new), later.count(gone)) == (1, 0), "made anew by then"


def test_the_oldest_pages_make_room() -> None:
    kept, content = Pages(), bytes(pages.KEPT_BYTES // 3)
    asked = [Asked(at, 200, 0, packed=True) for at in range(5)]
    for one in [*asked, asked[4]]:
        kept.keep(one, content, 1)
    assert [kept.find(one, 1) is not None for one in asked] == [False, False, True, True, True]


@given(st.lists(st.integers(1, 5000), min_size=2, max_size=300, unique=True), st.integers(1, 200))
def test_a_page_never_crosses_the_end_of_a_block_and_always_moves(found: list[int], limit: int) -> None:
    rows = [{"version": one} for one in sorted(found)]
    page = on_page(rows, limit)
    assert 1 <= len(page) <= limit
    assert page == rows[: len(page)]
    assert all(row["version"] % BLOCK for row in page[:-1])
    assert len(page) == min(limit, len(rows)) or page[-1]["version"] % BLOCK == 0
