"""What a quote costs to compute, and beside whom: `scripts/bench evaluate`.

The first lines are ours: 20 lines, 50 rules of all verbs, and a basket of 161 lines under 200 rules, which
may cost no more than its share of lines x rules.  The peers are compared on what both can do, so
beside django-oscar stand 50 rules that it can express, every one of them, on the same basket; then the
mixed programme, where it computes only the rules it has words for while ours computes all.
bg4h-discount-api prices articles only, so it is compared on 50 rules for single articles.  All of it is CPU
time.  Each peer's module carries the table of who says what how.
"""

import statistics
from functools import partial
from pathlib import Path

from agent.loyalty.evaluate import evaluate
from scripts.benches.evaluate_case import case
from scripts.benches.figures import CannotRun, Line, cpu_times_ms, line, percentile
from scripts.benches.peers.environment import ask
from scripts.benches.shared_case import ARTICLES, neutral, shared_case

LONGEST_MS, LONGEST_TAIL_MS = 1.0, 5.0
LARGE, LARGE_MS = (161, 200), 25.0
TIMES_OSCAR, TIMES_BG4H = 3000, 4
LINES, RULES = 20, 50


def measure(folder: Path, seconds: float = 3) -> list[Line]:  # noqa: ARG001 - one signature for all figures
    """Return bench lines: our p50 and p99, then each peer.

    Raises:
        CannotRun: the peers' environment cannot be made; our own lines are in it.
    """
    ours = cpu_times_ms(partial(evaluate, *case()), seconds=seconds)
    lines = [
        line("evaluate_p50", statistics.median(ours), "20 lines x 50 rules in 1 ms", LONGEST_MS, goal=1.0),
        line("evaluate_p99", percentile(ours, 99), "the same in 5 ms", LONGEST_TAIL_MS),
        *_large(statistics.median(ours), seconds),
    ]
    try:
        lines += _beside_peers(seconds)
    except CannotRun as why:
        raise CannotRun(str(why), lines) from None
    return lines


def _large(small_ms: float, seconds: float) -> list[Line]:
    """Return what the large case costs, and that beside its share of lines x rules."""
    middle = statistics.median(cpu_times_ms(partial(evaluate, *case(*LARGE)), seconds=seconds / 2))
    share = LARGE[0] * LARGE[1] / (LINES * RULES) * small_ms
    return [
        line("evaluate_large", middle, "161 lines x 200 rules in 25 ms", LARGE_MS, goal=1.0),
        line("evaluate_growth", middle, "the small case by lines x rules", share, goal=1.0),
    ]


def _beside_peers(seconds: float) -> list[Line]:
    lines = []
    for name, peer, made, goal in (
        ("evaluate_oscar", "oscar", shared_case(), TIMES_OSCAR),
        ("evaluate_oscar_mixed", "oscar", case(), None),
        ("evaluate_bg4h", "bg4h", shared_case(ARTICLES), TIMES_BG4H),
    ):
        compiled, _, basket, _ = made
        question = neutral(compiled, basket, seconds=seconds)
        # Before and after, so that a slow moment of the machine falls on both.
        ours = cpu_times_ms(partial(evaluate, *made), seconds=seconds / 2)
        theirs = ask(peer, question)
        ours += cpu_times_ms(partial(evaluate, *made), seconds=seconds / 2)
        said = theirs.get("rules", len(question["rules"]))
        beside = f"{theirs['peer']}, {said} of {RULES} rules"
        middle = statistics.median(ours)
        lines.append(line(name, middle, beside, theirs["p50_ms"], better="higher", goal=goal))
    return lines
