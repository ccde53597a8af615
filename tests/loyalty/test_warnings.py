"""What is sound and yet hardly meant: each warning where it should speak, and silence where it should not."""

from datetime import date
from pathlib import Path

import pytest

from agent.loyalty.language.read import load_programme, with_lines
from agent.loyalty.language.warnings import warnings
from tests.loyalty.desk import HEAD

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 24)


def told(text: str, today: date | None = None, *, head: str = HEAD) -> list[tuple[str, str]]:
    found = warnings(load_programme((head + text).encode(), name="x.toml").text, today)
    return [(one.pointer, one.code) for one in found]


EARN = 'earn = { points = "1" }\n'


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ('when = { identified = false, segment = "a" }\ntake_off = { percent = "1" }\n', "member"),
        (f"when = {{ identified = false }}\n{EARN}", "member"),
        (f'when = {{ segment = "a", not = {{ segment = ["a", "b"] }} }}\n{EARN}', "not"),
        (f'scope = {{ groups = ["a"], not_groups = ["a", "b"] }}\n{EARN}', "scope"),
        (f'scope = {{ price_from = "2", price_to = "1" }}\n{EARN}', "scope"),
        (f'when.has = {{ skus = ["a"], not_skus = ["a"] }}\n{EARN}', "scope"),
        (
            f'when.amount = {{ at_least = "1", of = {{ brands = ["a"], not_brands = ["a"] }} }}\n{EARN}',
            "scope",
        ),
        ('max_total = 9\ntake_off = { percent = "1" }\n', "total"),
        (f"max_total = 9\n{EARN}", "total"),
        ('max_total = 9\ngive = { free = "a" }\n', "total"),
    ],
)
def test_a_rule_that_can_never_apply_is_named_with_the_reason(rule: str, why: str) -> None:
    text = load_programme((HEAD + "[rule.a]\n" + rule).encode(), name="x.toml").text
    assert [(one.pointer, one.code, one.values) for one in warnings(text)] == [
        ("/rule/a", "never_applies", {"why": why})
    ]


def test_two_tiers_of_one_threshold_are_one_too_many() -> None:
    text = '[tier]\ngold = { measure = "spend", at_least = "9", name = { en = "Gold" } }\n'
    assert told(text + 'top = { measure = "spend", at_least = "9" }\n') == [("/tier/top", "shadowed")]
    assert told(text + 'top = { measure = "spend", over = "9" }\n') == []
    assert told(text + 'top = { measure = "spend", at_least = "9", window = "P12M" }\n') == []


def test_a_gift_that_all_members_share_is_given_until_head_office_has_counted() -> None:
    assert told("[rule.a]\nmax_total = 9\ngive = { lot = { points = 5 } }\n") == []


def test_a_rule_outside_the_life_of_its_programme_never_applies() -> None:
    head = HEAD.replace("[wallet.p]", "valid = { from = 2026-01-01, until = 2026-07-01 }\n[wallet.p]")
    assert told(f"[rule.a]\nwhen.from = 2026-07-01\n{EARN}", head=head) == [("/rule/a", "never_applies")]
    assert told(f"[rule.a]\nwhen.until = 2026-01-01\n{EARN}", head=head) == [("/rule/a", "never_applies")]
    assert told(f"[rule.a]\nwhen.from = 2026-06-30\n{EARN}", head=head) == []


def test_one_way_that_may_hold_is_enough() -> None:
    rule = "[rule.a]\nwhen = [{ identified = false }, { identified = true }]\n"
    assert told(rule + EARN) == []


def test_tags_may_be_asked_for_and_denied_at_once() -> None:
    assert told(f'[rule.a]\nscope = {{ tags = ["a"], not_tags = ["a"] }}\n{EARN}') == []


def test_what_is_over_today_is_told_only_with_a_day() -> None:
    rule = f"[rule.a]\nwhen.until = 2026-11-24\n{EARN}"
    assert told(rule) == []
    assert told(rule, TODAY) == [("/rule/a/when/until", "over")]
    assert told(rule, date(2026, 11, 23)) == []
    head = HEAD.replace("[wallet.p]", "valid = { until = 2026-11-24 }\n[wallet.p]")
    assert told(f"[rule.a]\n{EARN}", TODAY, head=head) == [("/programme/valid/until", "over")]
    assert told(f"[rule.a]\n{EARN}", date(2026, 11, 23), head=head) == []


SCOPE = '[scope.g]\ngroups = ["g"]\n'
FIRST = '[group.g]\nmode = "first"\n'
BEST = '[group.g]\nmode = "best"\n'


def off(name: str, percent: int, more: str = "", scope: str = "") -> str:
    return f'[rule.{name}]\ngroup = "g"\n{more}{scope}take_off = {{ percent = "{percent}" }}\n'


def alone(name: str, verb: str) -> str:
    return f"[rule.{name}]\nexclusive = true\n{verb}\n"


@pytest.mark.parametrize(
    ("text", "shadowed"),
    [
        (FIRST + off("a", 1) + off("b", 2), ["b"]),
        (FIRST + off("a", 1) + off("b", 2, "priority = 1\n"), ["a"]),
        (FIRST + off("a", 1, scope='scope = { groups = ["x"] }\n') + off("b", 2), []),
        (FIRST + off("a", 1, 'when.segment = "x"\n') + off("b", 2), []),
        (FIRST + off("a", 1, 'when.segment = ["x", "y"]\n') + off("b", 2, 'when.segment = "x"\n'), ["b"]),
        (FIRST + off("a", 1, "when.from = 2026-02-01\n") + off("b", 2, "when.from = 2026-03-01\n"), ["b"]),
        (FIRST + off("a", 1, "when.until = 2026-02-01\n") + off("b", 2, "when.until = 2026-03-01\n"), []),
        (BEST + off("a", 1) + off("b", 2), ["a"]),
        (BEST + off("a", 2) + off("b", 2), ["b"]),
        (BEST + off("a", 1, 'when.segment = "x"\n') + off("b", 2), ["a"]),
        (BEST + off("a", 2, 'when.segment = "x"\n') + off("b", 1), []),
        (BEST + off("a", 1) + '[rule.b]\ngroup = "g"\ntake_off = { amount = "9" }\n', []),
        (BEST + off("a", 1, scope='scope = { price_from = "5" }\n') + off("b", 2), ["a"]),
        (
            BEST
            + off("a", 1, scope='scope = { price_from = "5", not_tags = ["t"] }\n')
            + off("b", 2, scope='scope = { price_from = "4", not_tags = ["t"] }\n'),
            ["a"],
        ),
        (
            BEST
            + off("a", 1, scope='scope = { price_to = "5" }\n')
            + off("b", 2, scope='scope = { price_to = "4" }\n'),
            [],
        ),
        (
            BEST
            + off("a", 1, scope='scope = { groups = ["x"] }\n')
            + off("b", 2, scope='scope = { groups = ["x", "y"], not_discounted = true }\n'),
            [],
        ),
        (
            alone("a", 'take_off = { percent = "1" }') + '[rule.b]\ntake_off = { percent = "2" }\n',
            ["b"],
        ),
        (
            alone("a", 'earn = { points = "2" }') + alone("b", 'earn = { points = "1" }'),
            ["b"],
        ),
        (
            alone("a", 'earn = { points = "2" }') + alone("b", 'earn = { points = "1", every = "2" }'),
            [],
        ),
        (
            BEST + off("a", 1, 'when.amount = { at_least = "1", at = "price" }\n') + off("b", 2),
            ["a"],
        ),
        (
            '[rule.a]\nwhen.days = ["mon"]\ngroup = "g"\nearn = { points = "1" }\n'
            '[rule.b]\nwhen.days = ["mon", "tue"]\ngroup = "g"\nearn = { points = "2" }\n' + BEST,
            ["a"],
        ),
    ],
)
def test_a_rule_that_always_loses_to_another_is_shadowed(text: str, shadowed: list[str]) -> None:
    assert [pointer.rpartition("/")[2] for pointer, code in told(text) if code == "shadowed"] == shadowed


THRESHOLD = (
    '[rule.big]\nstage = "receipt"\nwhen.amount = {{ at_least = "50"{at} }}\ntake_off = {{ amount = "5" }}\n'
)


def test_a_discount_that_may_drop_a_basket_below_a_later_threshold_is_named() -> None:
    line = '[rule.a]\ntake_off = { percent = "10" }\n'
    assert told(line + THRESHOLD.format(at="")) == [("/rule/big/when/amount", "may_drop_below")]
    assert told(line + THRESHOLD.format(at=', at = "line"')) == [("/rule/big/when/amount", "may_drop_below")]
    assert told(line + THRESHOLD.format(at=', at = "price"')) == []
    later = '[rule.a]\nstage = "receipt"\ntake_off = { percent = "10" }\n'
    assert told(later + THRESHOLD.format(at="")) == []


def test_a_discount_on_other_goods_than_a_threshold_reads_is_none_of_its_business() -> None:
    of = ', of = { groups = ["a"] }'
    for scope, count in (
        ('groups = ["a", "b"]', 1),
        ('groups = ["b"]', 0),
        ('not_groups = ["a"]', 0),
        ('tags = ["t"]', 1),
    ):
        line = f'[rule.a]\nscope = {{ {scope} }}\ntake_off = {{ percent = "10" }}\n'
        assert len(told(line + THRESHOLD.format(at=of))) == count


def test_scopes_and_groups_that_nothing_names_are_told() -> None:
    text = f'[group.g]\n[scope.s]\n[scope.t]\n[rule.a]\nwhen.has = ["t"]\n{EARN}'
    assert told(text) == [("/group/g", "unused"), ("/scope/s", "unused")]


def test_a_warning_stands_where_its_words_stand_in_the_file() -> None:
    data = (HEAD + f"[group.g]\n[rule.a]\nwhen.until = 2026-01-01\n{EARN}").encode()
    found = warnings(load_programme(data, name="x.toml").text, TODAY)
    assert [one.pointer for one in with_lines(found, data, name="x.toml")] == [
        "x.toml:9 /rule/a/when/until",
        "x.toml:7 /group/g",
    ]


def test_conditions_that_are_the_same_word_for_word_are_within_each_other() -> None:
    narrow = 'when.nth = 3\nwhen.has = ["g"]\n'
    assert [
        pointer
        for pointer, code in told(SCOPE + BEST + off("a", 1, narrow) + off("b", 2, narrow))
        if code == "shadowed"
    ] == ["/rule/a"]
