"""Change the arithmetic of agent/loyalty line by line: a change that no test notices is a hole in the tests.

mutmut makes the changes (a plus to a minus, a bound by one, a condition turned round) and runs the tests of
the room against each; the score is the share that a test noticed.  It works in a copy of the checkout, with
packages of its own beside the tests' (`scripts/locks/mutation.txt`).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from scripts.faulting.beside import packages

ROOT = Path(__file__).resolve().parents[2]
ARITHMETIC = (
    "numbers.py",
    "afterwards/inverse.py",
    "walk/settle.py",
    "walk/tax.py",
    "rules/take_off.py",
    "rules/earn.py",
    "rules/pay.py",
)
GOAL_PERCENT = 90
COPIED = ("agent", "drivers", "config", "scripts", "tests", "pyproject.toml")
LEFT_OUT = (
    "language_laws",
    "laws",
    "discount_laws",
    "malformed",
    "reading",
    "warnings",
    "sanity",
    "tiers_kept",
)
"""Tests that say nothing of these files, or take long: each change meets all the others until one fails."""
CONFIG = """
[tool.mutmut]
source_paths = ["agent"]
only_mutate = {only}
also_copy = ["drivers", "config", "scripts"]
pytest_add_cli_args = {ignored}
pytest_add_cli_args_test_selection = ["tests/loyalty"]
"""
SURVIVED = ("survived", "no tests", "suspicious")


def run() -> dict[str, Any]:
    """Make every change, run the tests against each, and name the changes that went unnoticed."""
    begun = time.monotonic()
    work = Path(tempfile.mkdtemp(prefix="loyalty-mutation-"))
    try:
        folder = packages("mutation")
    except (OSError, subprocess.SubprocessError) as failure:
        return {"name": "mutation", "skipped": f"mutmut cannot be installed: {failure}", "ok": True}
    _copy(work)
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    with (work / "mutmut.log").open("wb") as log:
        command = [sys.executable, "-m", "mutmut", "run"]
        subprocess.run(command, cwd=work, env=environment, stdout=log, stderr=log, check=True)
    command = [sys.executable, "-m", "mutmut", "results", "--all", "true"]
    told = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=True)
    verdicts = dict(line.strip().split(": ") for line in told.stdout.splitlines() if ": " in line)
    survivors = sorted(name for name, verdict in verdicts.items() if verdict in SURVIVED)
    for name in survivors:
        print(_shown(name, work, environment))
    made = len(verdicts)
    noticed = made - len(survivors)
    shutil.rmtree(work)
    return {
        "name": "mutation",
        "files": list(ARITHMETIC),
        "made": made,
        "noticed": noticed,
        "score_percent": 100 * noticed // max(1, made),
        "goal_percent": GOAL_PERCENT,
        "survivors": survivors,
        "skipped": None,
        "seconds": round(time.monotonic() - begun, 1),
        "ok": made > 0 and 100 * noticed >= GOAL_PERCENT * made,
    }


def _copy(work: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, work / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, work / name)
    only = json.dumps([f"agent/loyalty/{name}" for name in ARITHMETIC])
    ignored = json.dumps(
        ["-p", "no:cacheprovider", *(f"--ignore=tests/loyalty/test_{name}.py" for name in LEFT_OUT)]
    )
    with (work / "pyproject.toml").open("a", encoding="utf-8") as project:
        project.write(CONFIG.format(only=only, ignored=ignored))


def _shown(name: str, work: Path, environment: dict[str, str]) -> str:
    """Return the change that went unnoticed, as a difference."""
    command = [sys.executable, "-m", "mutmut", "show", name]
    return subprocess.run(
        command, cwd=work, env=environment, capture_output=True, text=True, check=False
    ).stdout
