"""Members: brought in whole or not at all, found by id or card, blocked for every till at once."""

import pytest

from agent.errors import DocumentError, Refused
from agent.headoffice.delta import page
from agent.headoffice.member_import import import_members
from agent.headoffice.members import block, card_tag, look_up, show
from agent.headoffice.office import Office
from agent.sync.wire import Delta, MemberRow, NoMember, Pull, PullAnswer
from tests.headoffice.conftest import MEMBERS
from tests.headoffice.till_end import TillEnd, book, rows


def news(answer: PullAnswer) -> Delta:
    assert isinstance(answer, Delta)
    return answer


def mistakes(office: Office, text: str) -> list[tuple[str, str]]:
    with pytest.raises(DocumentError) as caught:
        import_members(office, text, name="list.csv")
    return [(one.pointer, one.code) for one in caught.value.mistakes]


def everything(office: Office) -> list[list[tuple[object, ...]]]:
    told = "SELECT member, status, tier, segments, choices, reason, events, of_age_from FROM member"
    tables = ("card", "lot", "voucher", "measured")
    return [rows(office, told), *(rows(office, f"SELECT * FROM {table}") for table in tables)]  # noqa: S608


def test_the_same_file_again_changes_nothing(office: Office) -> None:
    before = everything(office)
    done = import_members(office, MEMBERS, name="members.csv")
    assert (done.members, done.cards, done.lots) == (2, 3, 2)
    assert everything(office) == before


def test_a_card_number_is_nowhere_in_the_books(office: Office) -> None:
    office.close()
    content = b"".join(path.read_bytes() for path in office.state.rglob("*") if path.is_file())
    assert b"m-1" in content
    assert b"2990000000017" not in content
    assert b"299 000 000 0017" not in content


def test_every_mistake_of_a_file_is_told_and_nothing_is_taken(office: Office) -> None:
    before = everything(office)
    text = (
        "member,card,wallet,balance,expires_on,vouchr\n"
        "m-9,1,points,10,2027-01-31,\n"
        ",2,points,10,,\n"
        "m-9,,points,-5,31.01.2027,\n"
        "m-9,,,7,,\n"
        "m-9,3\n"
    )
    assert mistakes(office, text) == [
        ("line 1", "unknown_column"),
        ("line 3, member", "invalid"),
        ("line 4, expires_on", "invalid"),
        ("line 4, balance", "invalid"),
        ("line 5, wallet", "invalid"),
        ("line 6", "wrong_width"),
    ]
    assert everything(office) == before


@pytest.mark.parametrize("text", ["", "card\n1\n", 'member\n"open', "member,member\na,b\n"])
def test_a_file_that_is_no_list_of_members_is_refused(office: Office, text: str) -> None:
    assert mistakes(office, text)


def test_somebody_elses_card_is_refused_without_naming_its_number(office: Office) -> None:
    with pytest.raises(DocumentError) as caught:
        import_members(office, "member,card\nm-2,2990000000017\n", name="list.csv")
    assert [(one.pointer, one.code) for one in caught.value.mistakes] == [("line 2, card", "card_taken")]
    assert "2990000000017" not in str(caught.value.mistakes)


def test_an_opening_balance_counts_once(office: Office) -> None:
    text = "member,wallet,balance,expires_on\nm-1,points,501,2027-01-31\n"
    assert mistakes(office, text) == [("line 2, balance", "opened_otherwise")]


def test_vouchers_and_tiers_reach_the_till(office: Office, till: TillEnd) -> None:
    text = "member,tier,voucher,voucher_id,voucher_until\nm-2,gold,coupon,c-1,2027-01-01\nm-2,,coupon,c-2,\n"
    import_members(office, text, name="list.csv")
    row = next(
        one for one in news(page(office, till.name, Pull(till.incarnation, 0))).members if one.member == "m-2"
    )
    assert row.facts.tier == "gold"
    assert [(one.voucher, one.id) for one in row.facts.vouchers] == [("coupon", "c-1"), ("coupon", "c-2")]


@pytest.mark.parametrize("number", ["2990000000017", "299-000-000-0017", "m-1"])
def test_a_member_is_shown_by_id_or_card(office: Office, number: str) -> None:
    shown = show(office, number)
    assert (shown["member"], shown["status"], shown["balances"]) == ("m-1", "active", {"points": 800})
    assert len(shown["cards"]) == 2


def test_nobody_is_told_so(office: Office) -> None:
    with pytest.raises(Refused, match="no member has this id"):
        show(office, "2990000000048")
    with pytest.raises(Refused):
        block(office, "2990000000048", "")


def test_a_blocked_card_reaches_the_tills_and_the_other_card_goes_on(office: Office, till: TillEnd) -> None:
    cursor = news(page(office, till.name, Pull(till.incarnation, 0))).to_cursor
    assert news(page(office, till.name, Pull(till.incarnation, cursor))).members == []
    assert block(office, "2990000000017", "lost") == "one card of member m-1"
    delta = news(page(office, till.name, Pull(till.incarnation, cursor)))
    assert [row.member for row in delta.members] == ["m-1"]
    assert delta.members[0].blocked_tags == [card_tag(office, "2990000000017")]
    assert delta.members[0].facts.status == "active"
    assert len(delta.members[0].card_tags) == 2


def test_a_blocked_member_stays_blocked_when_the_list_comes_again(office: Office, till: TillEnd) -> None:
    assert block(office, "m-1", "complaint 17") == "member m-1"
    import_members(office, MEMBERS, name="members.csv")
    row = news(page(office, till.name, Pull(till.incarnation, 0))).members[0]
    assert (row.member, row.facts.status) == ("m-1", "blocked")


def test_a_till_may_look_a_card_up(office: Office) -> None:
    found = look_up(office, card_tag(office, "2990000000031"))
    assert isinstance(found, MemberRow)
    assert found.member == "m-2"
    assert look_up(office, b"\0" * 16) == NoMember()


def test_pages_hand_out_everybody_once_and_booked_with_the_last(office: Office, till: TillEnd) -> None:
    text = "member\n" + "".join(f"n-{number}\n" for number in range(25))
    import_members(office, text, name="list.csv")
    till.add("TICK")
    till.push(office)
    book(office)
    cursor, seen, booked = 0, list[str](), list[int]()
    while True:
        delta = news(page(office, till.name, Pull(till.incarnation, cursor, limit=10)))
        seen += [row.member for row in delta.members]
        booked.append(delta.booked_seq)
        cursor = delta.to_cursor
        if not delta.more:
            break
    assert sorted(seen) == sorted(["m-1", "m-2", *(f"n-{number}" for number in range(25))])
    assert booked == [-1, -1, 1]


def test_a_cursor_ahead_of_restored_books_starts_over(office: Office, till: TillEnd) -> None:
    delta = news(page(office, till.name, Pull(till.incarnation, 10_000)))
    assert len(delta.members) == 2
    assert len(delta.programmes) == 1
