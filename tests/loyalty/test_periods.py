"""Joining, partners, and the end of a period: what head office asks of a programme."""

from datetime import date

import msgspec

from agent.loyalty.afterwards.closing import Standing, close_period
from agent.loyalty.afterwards.enrol import may_join
from agent.loyalty.basket import Basket, Line
from agent.loyalty.member import MemberFacts
from agent.loyalty.when.partners import settlement_minor
from tests.loyalty.desk import AT, compiled, quote

MONTH = Basket("close-2026-11", AT, "office", "0", "EUR", event="month-closed")
CONTEST = """[rule.best]
when = { event = "month-closed" }
max_total = 2
give = { lot = { points = 500 } }
[rule.daily]
max_per_day = 1
give = { lot = { points = 1 } }
when = { event = "month-closed", segment = "nobody" }
"""


def test_the_best_of_a_month_win_as_many_as_the_programme_says() -> None:
    ranking = [Standing(MemberFacts(name), score) for name, score in (("c", 7), ("a", 9), ("b", 7), ("d", 1))]
    awards = close_period(compiled(CONTEST), MONTH, ranking, AT)
    assert [(one.member, one.basket.receipt_id) for one in awards] == [
        ("a", "close-2026-11-1"),
        ("b", "close-2026-11-2"),
    ]
    contest = CONTEST.replace(', segment = "nobody"', "")
    assert [one.member for one in close_period(compiled(contest), MONTH, ranking, AT)] == ["a", "b", "c", "d"]
    assert [(one.quote.gives[0].amount, one.quote.gives[0].provisional) for one in awards] == [
        (500, False)
    ] * 2
    assert close_period(compiled(CONTEST), MONTH, ranking[::-1], AT) == awards


def test_without_a_number_of_winners_everybody_ranked_wins() -> None:
    text = CONTEST.replace("max_total = 2\n", "")
    ranking = [Standing(MemberFacts(name), 1) for name in "abc"]
    assert len(close_period(compiled(text), MONTH, ranking, AT)) == 3
    other = msgspec.structs.replace(MONTH, event="another")
    assert close_period(compiled(text), other, ranking, AT) == []


def test_who_may_join_is_told_what_is_missing() -> None:
    club = compiled(
        '[enrol]\nage_at_least = 18\namount = "30.00"\nsegment = ["regular", "staff"]\n'
    ).programme
    day, born = date(2026, 11, 24), date(2000, 1, 1)
    assert may_join(compiled("").programme, day) is None
    young = may_join(club, day, born=date(2010, 1, 1))
    assert young is not None
    assert young.values == {"what": "age", "age": 18, "day": "2028-01-01"}
    unknown = may_join(club, day)
    assert unknown is not None
    assert unknown.values == {"what": "age", "age": 18}
    stranger = may_join(club, day, born=born, amount_minor=3000)
    assert stranger is not None
    assert stranger.code == "wrong_segment"
    small = may_join(club, day, born=born, amount_minor=2999, segments=["staff"])
    assert small is not None
    assert small.values == {"what": "amount", "amount_minor": 1}
    assert may_join(club, day, born=born, amount_minor=3000, segments=["staff"]) is None
    assert may_join(club, day, is_of_age=True, amount_minor=3000, segments=["staff"]) is None
    assert may_join(compiled('[enrol]\nsegment = "staff"\n').programme, day, segments=["staff"]) is None


def test_a_partner_settles_for_the_points_of_its_shops() -> None:
    text = '[partner.bank]\nstores = ["s"]\nsettles = "0.015"\n[partner.air]\nstores = ["gate"]\n'
    text += '[rule.e]\nearn = { points = "1" }\n'
    answer = quote(text, Line(1, "a", 1000))
    assert (answer.partner, answer.lots[0].points) == ("bank", 10)
    programme = compiled(text).programme
    assert settlement_minor(programme, "bank", "p", 10) == 15
    assert settlement_minor(programme, "bank", "p", 1) == 2
    assert settlement_minor(programme, "air", "p", 10) == 0
    assert quote('[rule.e]\nearn = { points = "1" }\n', Line(1, "a", 1000)).partner == ""
