"""The best and the worst at the counter, as a report names them."""

from typing import Any

import pytest

from agent.cli.report import show_report
from agent.headoffice.office import Office
from agent.headoffice.ranking import ranking
from agent.headoffice.report import report


def shop(name: str, identified: int, receipts: int) -> dict[str, Any]:
    return {"store": name, "cashier": "anna", "identified": identified, "receipts": receipts}


def asked(cashier: str, rule: str, taken: int, shown: int) -> dict[str, Any]:
    return {"cashier": cashier, "rule": rule, "taken": taken, "shown": shown}


SHOPS = [shop(str(one), 10 * one, 100) for one in range(1, 9)]


def test_three_are_best_three_are_worst_and_who_has_few_receipts_is_neither() -> None:
    found = ranking([*SHOPS, shop("new", 19, 19)], [], [])["shops"]
    assert [one["who"] for one in found["best"]] == ["8", "7", "6"]
    assert [one["who"] for one in found["worst"]] == ["1", "2", "3"]
    assert found["best"][0] == {"who": "8", "of": 100, "permille": 800}


def test_of_few_nobody_is_best_and_worst_at_once() -> None:
    found = ranking(SHOPS[:4], SHOPS[:2], [])
    assert [one["who"] for one in found["shops"]["best"]] == ["4", "3", "2"]
    assert [one["who"] for one in found["shops"]["worst"]] == ["1"]
    assert [one["who"] for one in found["cashiers"]["best"]] == ["2/anna", "1/anna"]
    assert found["cashiers"]["worst"] == []


def test_of_equal_shares_the_one_of_more_comes_first() -> None:
    found = ranking([shop("a", 10, 20), shop("b", 50, 100), shop("c", 10, 20)], [], [])["shops"]
    assert [one["who"] for one in found["best"]] == ["b", "a", "c"]


def test_prompts_of_all_kinds_count_for_their_cashier() -> None:
    prompts = [asked("anna", "phone", 8, 10), asked("anna", "e-mail", 5, 10), asked("boris", "phone", 1, 19)]
    assert ranking([], [], prompts)["prompts"]["best"] == [{"who": "anna", "of": 20, "permille": 650}]


@pytest.mark.parametrize(
    ("plan", "seen", "not_seen"),
    [
        (None, ["80.0 %", "best", "worst"], "against plan"),
        (75, ["against plan", "+5.0", "\N{MINUS SIGN}65.0"], "0.00"),
    ],
)
def test_shares_are_shown_against_a_plan(
    office: Office, capsys: pytest.CaptureFixture[str], plan: int | None, seen: list[str], not_seen: str
) -> None:
    show_report({**report(office), "ranking": ranking(SHOPS, [], [])}, plan=plan)
    told = capsys.readouterr().out
    assert all(one in told for one in seen)
    assert not_seen not in told
