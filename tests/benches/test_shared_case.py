"""What the peers are asked: the same basket, and every rule that they have words for."""

from collections import Counter

from agent.loyalty.evaluate import evaluate
from scripts.benches.evaluate_case import case
from scripts.benches.peers.environment import LOCK, SOURCE_ONLY, parts_of
from scripts.benches.shared_case import ARTICLES, neutral, shared_case


def test_every_shared_rule_is_said_to_the_peers() -> None:
    compiled, _, basket, _ = shared_case()
    said = neutral(compiled, basket, seconds=1)
    assert len(said["lines"]) == 20
    assert Counter(rule["verb"] for rule in said["rules"]) == {"Percentage": 26, "Fixed": 12, "Absolute": 12}


def test_of_the_mixed_rules_points_stamps_and_coupons_are_left_out() -> None:
    compiled, _, basket, _ = case()
    assert len(neutral(compiled, basket, seconds=1)["rules"]) == 24


def test_rules_for_articles_ask_for_no_threshold() -> None:
    compiled, _, basket, _ = shared_case(ARTICLES)
    said = neutral(compiled, basket, seconds=1)["rules"]
    assert len(said) == 50
    assert all(rule["scope"] and not rule["at_least"] for rule in said)


def test_both_ends_get_the_same_basket() -> None:
    compiled, _, basket, _ = shared_case()
    said = neutral(compiled, basket, seconds=1)
    assert [one["amount_minor"] for one in said["lines"]] == [one.amount_minor for one in basket.lines]


def test_the_shared_rules_take_something_off() -> None:
    compiled, member, basket, at = shared_case()
    assert evaluate(compiled, member, basket, at).due_minor < sum(one.amount_minor for one in basket.lines)


def test_a_lock_is_split_without_losing_an_entry() -> None:
    wheels, source = parts_of(LOCK.read_text(encoding="utf-8"))
    names = {entry.split("==")[0] for entry in source.splitlines()}
    assert names == set(SOURCE_ONLY)
    total = LOCK.read_text(encoding="utf-8").replace("\\\n", " ").strip().splitlines()
    assert len(wheels.splitlines()) + len(source.splitlines()) == len(total)
