"""Which news are believed, and in which pieces they reach the ledger."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger.records import StoredProgramme
from agent.loyalty.member import MemberFacts
from agent.sync.announced import ProgrammeNews
from agent.sync.pull import MEMBERS_AT_ONCE, believable, is_intact, pieces, why_no_page, why_refused
from agent.sync.wire import Delta, MemberRow
from tests.sync.desk import PROGRAMME, Desk


def page(members: int = 0, **more: int | bool) -> Delta:
    rows = [MemberRow(f"m{n}", n, [], MemberFacts(member=f"m{n}")) for n in range(members)]
    told = {"from_cursor": 10, "to_cursor": 20, "more": False, "booked_seq": 5, **more}
    return Delta(**told, members=rows)  # type: ignore[arg-type]


@given(st.integers(0, 350))
def test_pieces_hold_every_member_once_and_only_the_last_moves_the_marks(members: int) -> None:
    delta = page(members)
    *before, last = pieces(delta)
    assert [row.member for piece in (*before, last) for row in piece.members] == [
        row.member for row in delta.members
    ]
    assert all(len(piece.members) <= MEMBERS_AT_ONCE for piece in (*before, last))
    assert all((piece.to_cursor, piece.booked_seq) == (10, -1) for piece in before)
    assert (last.to_cursor, last.booked_seq) == (20, 5)


def test_a_page_for_another_cursor_is_no_answer() -> None:
    assert why_no_page(page(), asked=10) == ""
    assert "not asked for" in why_no_page(page(), asked=9)


def test_a_page_that_stands_still_and_promises_more_is_no_answer() -> None:
    assert why_no_page(page(more=True, to_cursor=10), asked=10) != ""
    assert why_no_page(page(more=False, to_cursor=10), asked=10) == ""


def test_booked_beyond_our_journal_is_not_believed() -> None:
    assert believable(page(booked_seq=5), 5).booked_seq == 5
    assert believable(page(booked_seq=6), 5).booked_seq == -1


TEXT = PROGRAMME.format(version=3).encode()


def announced(desk: Desk, text: bytes = TEXT, version: int = 3) -> ProgrammeNews:
    return desk.publish(text, version=version)


def refused(
    desk: Desk, news: ProgrammeNews, text: bytes = TEXT, stored: StoredProgramme | None = None
) -> str:
    return why_refused(news, text, publisher_key=desk.publisher_key, stored=stored)


def test_a_signed_rising_sound_programme_is_used(desk: Desk) -> None:
    news = announced(desk)
    assert is_intact(news, TEXT)
    assert refused(desk, news) == ""
    assert refused(desk, news, stored=StoredProgramme("test", 2, b"", "")) == ""


def test_damaged_bytes_are_not_intact(desk: Desk) -> None:
    assert not is_intact(announced(desk), TEXT + b" ")


def test_a_programme_somebody_else_signed_is_refused(desk: Desk) -> None:
    news = announced(desk)
    stranger = Desk()
    assert "sign" in why_refused(news, TEXT, publisher_key=b"q" * 32, stored=None)
    forged = ProgrammeNews(news.id, news.version, news.sha256, stranger.publisher.sign(b"something else"))
    assert "sign" in refused(desk, forged)


@pytest.mark.parametrize("version", [3, 4])
def test_a_version_that_does_not_rise_is_refused(desk: Desk, version: int) -> None:
    assert "rise" in refused(desk, announced(desk), stored=StoredProgramme("test", version, b"", ""))


def test_a_programme_that_calls_itself_otherwise_than_announced_is_refused(desk: Desk) -> None:
    assert "calls itself" in refused(desk, announced(desk, version=9))


def test_a_programme_with_mistakes_is_refused_with_its_first_mistake(desk: Desk) -> None:
    broken = b"[programme]\nid = 3\n"
    assert "mistake" in refused(desk, announced(desk, broken), broken)
