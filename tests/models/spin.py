"""Spin: from a Promela model to a compiled checker, and from the checker to a verdict.

Spin writes the checker in C; compiled once, it searches the sound protocol and each broken form of it (the
environment's BREAK holds the number of the rule that is switched off, `breaking.h`).
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.devicelab.debian import need
from tests.models.catalogue import Model, World

HERE = Path(__file__).resolve().parent
COMPILER, TRANSLATOR = "/usr/bin/gcc", "/usr/bin/spin"
#: Safety alone (no liveness), and every interleaving: nothing is left out by partial orders.
CHECKER = ("-w", "-DSAFETY", "-DNOREDUCE")
DEEPEST = 200_000


@dataclass(frozen=True)
class Verdict:
    """What a search found."""

    states: int
    megabytes: int
    seconds: float
    violated: str
    """The claim that fails in some state; empty if none does."""
    is_exhaustive: bool
    """Every reachable state was looked at; false where a limit or a violation ended the search."""
    unreached: tuple[str, ...]
    """Lines of the model with a statement that no state leads to."""

    @property
    def holds(self) -> bool:
        """Whether the claims hold in every reachable state."""
        return self.is_exhaustive and not self.violated


def need_spin() -> None:
    """Make sure of Spin, the compiler it needs and the C library's headers.

    Raises:
        MissingPart: one is not here and cannot be installed.
    """
    need(TRANSLATOR, COMPILER, "/usr/include/stdlib.h")


def rules_of(model: Model) -> tuple[str, ...]:
    """Return the rules that a model can switch off, in the order of their numbers from 1."""
    match = re.search(r"enum RULES \{(.*?)\}", source(model).read_text(encoding="utf-8"), re.DOTALL)
    assert match is not None, f"{model.name} lists no rules"
    sound, *rules = (word.strip() for word in match[1].split(","))
    assert sound == "SOUND"
    return tuple(rules)


def source(model: Model) -> Path:
    """Return the file of a model."""
    return HERE / f"{model.name}.pml"


def compiled(model: Model, world: World, folder: Path) -> Path:
    """Make the checker of a model for a world's bounds in an empty folder.

    Raises:
        subprocess.CalledProcessError: Spin or the compiler refuses the model.
    """
    bounds = [f"-D{bound}" for bound in world.bounds]
    subprocess.run(
        [TRANSLATOR, *bounds, "-a", source(model)], cwd=folder, check=True, stdout=subprocess.DEVNULL
    )
    assert (folder / "pan.c").is_file(), f"Spin made no checker of {model.name}"
    # A large world is worth the compiler's time and packed states; a small one is searched sooner than that.
    effort = ("-O2", "-DCOLLAPSE") if world.is_large else ("-O1",)
    limit = f"-DMEMLIM={world.megabytes}"
    subprocess.run([COMPILER, *effort, *CHECKER, limit, "-o", "pan", "pan.c"], cwd=folder, check=True)
    return folder / "pan"


def searched(checker: Path, world: World, broken: int = 0, *, deepest: int = DEEPEST) -> Verdict:
    """Search every state, or until a claim fails; `broken` is the number of the rule that is switched off."""
    table = 25 if world.is_large else 22  # the hash table's slots, as a power of two
    done = subprocess.run(
        [checker, "-b", f"-m{deepest}", f"-w{table}"],  # -b: a search that meets its depth limit is an error
        cwd=checker.parent,
        env={**os.environ, "BREAK": str(broken)},
        capture_output=True,
        text=True,
        check=False,
    )
    return _verdict(done.stdout)


def _verdict(told: str) -> Verdict:
    violated = re.search(r"pan:\d+: (.*?) \(at depth", told)
    unfinished = "Search not completed" in told or "max search depth" in told or "reached limit" in told
    return Verdict(
        states=int(_number(r"(\d+) states, stored", told)),
        megabytes=round(_number(r"([\d.]+)\s+total actual memory", told)),
        seconds=_number(r"elapsed time ([\d.]+)", told),
        violated=violated[1] if violated else "",
        is_exhaustive="errors: 0" in told and not unfinished,
        unreached=tuple(re.findall(r"\.pml:(\d+), state \d+, \"(?!-end-)", told)),
    )


def _number(pattern: str, told: str) -> float:
    found = re.search(pattern, told)
    assert found is not None, f"the checker did not say {pattern}: {told[-500:]}"
    return float(found[1])
