"""Questions that nobody would think of, thousands of them: nothing may raise, and every law must hold.

Programmes use every word of the language, members and baskets are well formed and odd.  `reasons` counts
what the rules said, so that a run which only ever heard "no" is seen for what it is.
"""

import multiprocessing
import os
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from tests.loyalty.lawful import judged
from tests.loyalty.made_cases import Case, interviews

SHOWN = 2
LENGTH = 8
LONGEST = 6_000


class Heard(NamedTuple):
    """What one process asked and heard."""

    asked: int
    reasons: Counter[str]
    failure: str


def run(*, examples: int = 20_000, seed: int = 1) -> dict[str, Any]:
    """Ask so many questions, shared out over all cores, each core with a seed of its own."""
    begun = time.monotonic()
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        shares = list(pool.map(_ask, [examples // workers] * workers, range(seed, seed + workers)))
    failures = [one.failure for one in shares if one.failure]
    for failure in failures[:SHOWN]:
        print(failure[-LONGEST:])
    reasons = sum((one.reasons for one in shares), Counter[str]())
    return {
        "name": "fuzz-evaluate",
        "asked": sum(one.asked for one in shares),
        "reasons": dict(sorted(reasons.items())),
        "failures": len(failures),
        "skipped": None,
        "seed": seed,
        "seconds": round(time.monotonic() - begun, 1),
        "ok": not failures and reasons["applied"] > 0,
    }


def _ask(examples: int, seed: int) -> Heard:
    reasons: Counter[str] = Counter()
    asked = 0

    @seeded(seed)
    @settings(
        max_examples=max(1, examples // LENGTH),
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(interviews(length=LENGTH))
    def every_quote_is_lawful(interview: list[Case]) -> None:
        nonlocal asked
        for case in interview:
            asked += 1
            reasons.update(one.code for one in judged(case).reasons)

    try:
        every_quote_is_lawful()
    except Exception:  # noqa: BLE001 - whatever rises is what we look for
        return Heard(asked, reasons, traceback.format_exc())
    return Heard(asked, reasons, "")
