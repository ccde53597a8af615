"""How long points and vouchers live: local days to their end, hours to the instant."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.loyalty.basket import Line
from agent.loyalty.days import after, instant_after
from tests.loyalty.desk import AT, MEMBER, quote

GOODS = Line(1, "a", 1000)


@pytest.mark.parametrize(
    ("period", "end"),
    [
        ("P10D", date(2024, 2, 10)),
        ("P2W", date(2024, 2, 14)),
        ("P1M", date(2024, 2, 29)),
        ("P13M", date(2025, 2, 28)),
        ("P99Y", date(2123, 1, 31)),
        ("P9999D", date(2051, 6, 17)),
    ],
)
def test_a_period_ends_on_a_day_that_exists(period: str, end: date) -> None:
    assert after(date(2024, 1, 31), period) == end


def test_what_would_outlive_the_calendar_ends_with_it() -> None:
    late = date(9990, 5, 1)
    assert [after(late, period) for period in ("P99Y", "P9999D", "P999M")] == [date.max] * 3


def test_hours_are_real_hours_when_the_clocks_change() -> None:
    night = datetime(2026, 3, 29, 2, 30, tzinfo=ZoneInfo("Europe/Helsinki"))  # 3:00 becomes 4:00
    assert (instant_after(night, "PT2H") - night.astimezone(UTC)) == timedelta(hours=2)
    assert instant_after(night, "PT90M").isoformat() == "2026-03-29T05:00:00+03:00"


def test_what_is_given_says_when_it_begins_and_ends() -> None:
    rules = '[voucher.v]\nlife = "PT2H"\ntake_off = { percent = "10" }\n[rule.a]\ngive = { voucher = "v" }\n'
    gift = quote(rules, GOODS).gives[0]
    assert (gift.expires_on, gift.ends_at) == ("2026-11-24", "2026-11-24T19:00:00+02:00")
    rules = '[wallet.q]\nactivates = "P1D"\n[rule.a]\n'
    rules += 'give = { lot = { wallet = "q", points = 5, expires = "P7D" } }\n'
    gift = quote(rules, GOODS).gives[0]
    assert (gift.amount, gift.active_from, gift.expires_on) == (5, "2026-11-25", "2026-12-01")


def test_an_earned_lot_has_the_life_of_its_wallet() -> None:
    rules = (
        '[wallet.q]\nactivates = "P1D"\nexpires = "PT36H"\n[rule.a]\nearn = { wallet = "q", points = "1" }\n'
    )
    lot = quote(rules, GOODS, member=MEMBER, at=AT).lots[0]
    assert (lot.active_from, lot.expires_on, lot.ends_at) == (
        "2026-11-25",
        "2026-11-26",
        "2026-11-26T05:00:00+02:00",
    )
