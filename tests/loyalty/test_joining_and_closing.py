"""Who may join, what partners settle, and who wins at the end of a period: pure questions of a programme."""

from datetime import date

import pytest

from agent.loyalty.basket import Basket
from agent.loyalty.closing import Standing, close_period
from agent.loyalty.compile import compile_programme
from agent.loyalty.days import after
from agent.loyalty.enrol import may_join
from agent.loyalty.explain import LANGUAGES, sentence
from agent.loyalty.lots import returned_expiry
from agent.loyalty.member import MemberFacts
from agent.loyalty.partners import settlement_minor
from agent.loyalty.programme import Programme
from agent.loyalty.quote import Reason
from agent.loyalty.read import load_programme
from tests.loyalty.desk import AT, HEAD

DAY = date(2026, 5, 2)


def programme(text: str) -> Programme:
    return load_programme((HEAD + text).encode(), name="x.toml")


def test_anybody_may_join_where_nothing_is_asked() -> None:
    assert may_join(programme(""), DAY) is None
    assert may_join(programme("[enrol]\n"), DAY) is None


@pytest.mark.parametrize(
    ("born", "day"), [(date(2010, 5, 2), None), (date(2010, 5, 3), "2026-05-03"), (None, None)]
)
def test_an_age_is_reached_on_the_birthday(born: date | None, day: str | None) -> None:
    reason = may_join(programme("[enrol]\nage_at_least = 16\n"), DAY, born=born)
    if born == date(2010, 5, 2):
        assert reason is None
    else:
        values = {"what": "age", "age": 16} | ({"day": day} if day else {})
        assert reason == Reason("enrol", "missing", values)


def test_a_card_may_ask_for_a_receipt_of_so_much() -> None:
    club = programme('[enrol]\namount = "30.00"\n')
    assert may_join(club, DAY, amount_minor=3000) is None
    reason = may_join(club, DAY, amount_minor=2999)
    assert reason == Reason("enrol", "missing", {"what": "amount", "amount_minor": 1})
    assert all(sentence(reason, club, lang) for lang in LANGUAGES)


@pytest.mark.parametrize("word", ['"active"', '["active", "loyal"]'])
def test_a_club_may_be_for_a_segment(word: str) -> None:
    club = programme(f"[enrol]\nsegment = {word}\n")
    assert may_join(club, DAY, segments=["active", "other"]) is None
    assert may_join(club, DAY, segments=["other"]) == Reason("enrol", "wrong_segment")


def test_a_partner_owes_for_the_points_that_it_issued() -> None:
    club = programme(
        'scale = 1\n[partner.fuel]\nstores = ["f1"]\nsettles = "0.015"\n[partner.free]\nstores = ["f2"]\n'
    )
    assert settlement_minor(club, "fuel", "p", 1000) == 150
    assert settlement_minor(club, "fuel", "p", 10) == 2  # 1.5 rounds up
    assert settlement_minor(club, "fuel", "p", 9) == 1
    assert settlement_minor(club, "free", "p", 1000) == 0
    with pytest.raises(KeyError):
        settlement_minor(club, "nobody", "p", 1)


BEST = """[rule.best]
when = { event = "month-closed" }
max_total = 2
give = { lot = { points = 1000 } }
[rule.thanks]
when = { event = "month-closed" }
give = { benefit = "thanks" }
"""


def test_the_best_of_a_period_win_and_equal_scores_go_by_member() -> None:
    act = Basket("close-2026-11", AT, "office", "office", "EUR", event="month-closed")
    ranking = [Standing(MemberFacts(name), score) for name, score in (("d", 5), ("b", 9), ("c", 9), ("a", 1))]
    awards = close_period(compile_programme(programme(BEST)), act, ranking, AT)
    assert [one.member for one in awards] == ["b", "c", "d", "a"]
    assert [[gift.kind for gift in one.quote.gives] for one in awards] == [
        ["lot", "benefit"], ["lot", "benefit"], ["benefit"], ["benefit"],
    ]  # fmt: skip
    assert [one.basket.receipt_id for one in awards] == [f"close-2026-11-{place}" for place in (1, 2, 3, 4)]


def test_who_gets_nothing_is_no_winner() -> None:
    act = Basket("close", AT, "office", "office", "EUR", event="other")
    assert close_period(compile_programme(programme(BEST)), act, [Standing(MemberFacts("a"), 1)], AT) == []


@pytest.mark.parametrize(
    ("policy", "expires", "expected"),
    [
        ("keep", date(2026, 5, 1), date(2026, 5, 1)),
        ("extend:P14D", date(2026, 5, 1), date(2026, 5, 16)),
        ("extend:P14D", date(2026, 5, 2), date(2026, 5, 2)),
        ("extend:P14D", None, None),
    ],
)
def test_points_that_come_back_into_a_lot_that_is_over_live_on_by_policy(
    policy: str, expires: date | None, expected: date | None
) -> None:
    assert returned_expiry(policy, expires, DAY) == expected


def test_what_would_end_after_the_last_day_there_is_ends_on_it() -> None:
    assert after(date(9999, 12, 30), "P5D") == date.max
    assert after(date(9990, 1, 1), "P20Y") == date.max
