"""The bench runner: one line a figure, and exit codes that a script can rely on; nothing here is timed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.benches.__main__ import NAMES, Measure, measure_of, run
from scripts.benches.figures import CannotRun, Line, line

KEYS = {"name", "value", "unit", "limit_name", "limit_value", "ratio", "better", "goal", "ok", "load"}


def told(figures: dict[str, Measure]) -> tuple[int, list[Line]]:
    lines: list[Line] = []
    return run(list(figures), None, find=figures.__getitem__, tell=lines.append), lines


def good(_: Path) -> list[Line]:
    return [line("good", 2.0, "bare", 1.0, goal=2.0)]


def slow(_: Path) -> list[Line]:
    return [line("slow", 3.0, "bare", 1.0, goal=2.0)]


def nowhere(_: Path) -> list[Line]:
    raise CannotRun("no disk")


def half(_: Path) -> list[Line]:
    raise CannotRun("no peers", [line("ours", 1.0, "bare", 1.0)])


def test_figures_within_their_goals_end_with_0() -> None:
    assert told({"good": good})[0] == 0


def test_one_figure_beyond_its_goal_ends_with_1() -> None:
    assert told({"good": good, "slow": slow, "nowhere": nowhere})[0] == 1


def test_a_figure_that_cannot_be_taken_ends_with_77_and_its_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert told({"good": good, "nowhere": nowhere})[0] == 77
    assert "no disk" in capsys.readouterr().err


def test_what_could_be_measured_is_told_although_the_rest_cannot_run() -> None:
    assert [one["name"] for one in told({"half": half})[1]] == ["ours"]


def test_a_line_has_the_keys_that_are_promised() -> None:
    assert good(Path())[0].keys() == KEYS


def test_a_figure_without_load_is_given_it() -> None:
    bare = {key: value for key, value in good(Path())[0].items() if key != "load"}
    assert told({"bare": lambda _: [bare]})[1][0].keys() == KEYS


def test_each_figure_gets_an_empty_folder_of_its_own_that_is_gone_afterwards() -> None:
    seen: list[Path] = []

    def look(folder: Path) -> list[Line]:
        assert list(folder.iterdir()) == []
        (folder / "left").touch()
        seen.append(folder)
        return []

    told({"one": look, "two": look})
    assert len(set(seen)) == 2
    assert not any(folder.exists() for folder in seen)


@pytest.mark.parametrize(
    ("value", "limit", "better", "goal", "ratio", "ok"),
    [
        (1.5, 1.0, "lower", 2.0, 1.5, True),
        (2.5, 1.0, "lower", 2.0, 2.5, False),
        (0.5, 2000.0, "higher", 3000, 4000.0, True),
        (1.0, 2000.0, "higher", 3000, 2000.0, False),
        (9.0, None, "lower", None, None, True),
        (9.0, None, "lower", 1.0, None, False),
    ],
)
def test_a_goal_bounds_the_ratio(
    value: float, limit: float | None, better: str, goal: float | None, ratio: float | None, *, ok: bool
) -> None:
    made = line("x", value, "limit", limit, better="higher" if better == "higher" else "lower", goal=goal)
    assert (made["ratio"], made["ok"]) == (ratio, ok)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_has_a_figure(name: str) -> None:
    assert callable(measure_of(name))


@pytest.mark.parametrize(("arguments", "status"), [((), 2), (("nothing",), 2), (("--help",), 0)])
def test_the_command_line_refuses_what_it_does_not_know(arguments: tuple[str, ...], status: int) -> None:
    command = [sys.executable, "-m", "scripts.benches", *arguments]
    assert subprocess.run(command, capture_output=True, check=False).returncode == status


def test_a_line_is_json() -> None:
    assert json.loads(json.dumps(good(Path())[0])) == good(Path())[0]
