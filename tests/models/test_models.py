"""Every model holds in each state of its small world, and every rule it stands on is needed."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.models.catalogue import MODELS, Model
from tests.models.spin import compiled, need_spin, rules_of, searched, source
from tests.parts import part_or_skip

Checkers = Callable[[Model], Path]
BROKEN = [
    pytest.param(model, number, id=f"{model.name}-{rule}")
    for model in MODELS
    for number, rule in enumerate(rules_of(model), 1)
]


def what_only_broken_rules_do(model: Model) -> set[str]:
    """Return the numbers of lines that name BREAK, and of inlines: one line stands for each of their uses."""
    lines, is_inline = set(), False
    for number, line in enumerate(source(model).read_text(encoding="utf-8").splitlines(), 1):
        is_inline = is_inline or line.startswith("inline ")
        if is_inline or "BREAK" in line:
            lines.add(str(number))
        if line.startswith("}") or (line.startswith("inline ") and line.endswith("}")):
            is_inline = False
    return lines


@pytest.fixture(scope="session")
def checkers(tmp_path_factory: pytest.TempPathFactory) -> Checkers:
    """Give the compiled checker of a model, made when first asked for."""
    part_or_skip("spin", need_spin)
    return cache(lambda model: compiled(model, model.small, tmp_path_factory.mktemp(model.name)))


@pytest.mark.long
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_claims_hold_in_every_state(model: Model, checkers: Checkers) -> None:
    verdict = searched(checkers(model), model.small)
    assert (verdict.violated, verdict.is_exhaustive, verdict.states) == ("", True, model.small.states)
    # What only a broken rule does is never reached; anything else that is not would be checked by nobody.
    assert [line for line in verdict.unreached if line not in what_only_broken_rules_do(model)] == []


@pytest.mark.long
@pytest.mark.parametrize(("model", "broken"), BROKEN)
def test_without_the_rule_some_state_breaks_a_claim(model: Model, broken: int, checkers: Checkers) -> None:
    assert searched(checkers(model), model.small, broken).violated != ""


def test_a_rule_that_is_listed_can_be_switched_off() -> None:
    idle = {
        f"{model.name}: {rule}"
        for model in MODELS
        for rule in rules_of(model)
        if f"BREAK({rule})" not in source(model).read_text(encoding="utf-8")
    }
    assert idle == set()


def test_a_search_that_a_limit_ended_does_not_hold(checkers: Checkers) -> None:
    verdict = searched(checkers(MODELS[0]), MODELS[0].small, deepest=30)
    assert (verdict.is_exhaustive, verdict.holds) == (False, False)
