"""`scripts/faults fuzz-decoders`: a million changed inputs a decoder; none may raise, none may take 5 ms.

Time is CPU time of the thread. An input that took too long is tried again, as a machine may be busy: it
counts if its best of five is too long as well.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from scripts.faulting import fuzz_inputs
from scripts.faulting.fuzz_targets import Target, targets

TAPES = Path(__file__).resolve().parents[2] / "tests" / "drivers" / "tapes"
BAR_NS = 5_000_000
RETRIES = 5
ENOUGH = 10
TEETH_INPUTS = 10_000
_NS_PER_MS = 1e6
_SHOWN = 100


@dataclass(slots=True)
class Found:
    """What became of one decoder's inputs."""

    name: str
    inputs: int = 0
    worst_ns: int = 0
    total_ns: int = 0
    failures: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)

    def place(self, data: bytes) -> str:
        """Say which input this is, and how it begins."""
        return f"input {self.inputs}, {len(data)} bytes: {data[:_SHOWN].hex()}"

    @property
    def is_sound(self) -> bool:
        """Say whether nothing was found."""
        return not self.failures and not self.slow


def corpus() -> tuple[bytes, ...]:
    """Read every line of the tests' tapes, their ranges left out: the targets bring the same."""
    lines = [line for file in sorted(TAPES.glob("*.jsonl")) for line in file.read_bytes().splitlines()]
    tapes = [tape for tape in map(json.loads, lines) if "input" in tape]  # their answers lie beside them
    for tape in tapes:
        config = tape["input"].pop("config")
        del config["ranges"]
        if config:
            tape["input"]["config"] = config
    return tuple(json.dumps(tape).encode() for tape in tapes)


def fuzz(name: str, target: Target, *, count: int, seed: int, enough: int = ENOUGH) -> Found:
    """Try so many inputs on one decoder, or until enough is found; which input it was can be made again."""
    found = Found(name)
    changed = fuzz_inputs.inputs(target.seeds, f"{seed}:{name}", are_tapes=target.are_tapes)
    for data in islice(changed, count):
        taken_ns = _taken_ns(target, data, found)
        found.inputs += 1
        found.total_ns += taken_ns
        if taken_ns > BAR_NS:
            taken_ns = min(_taken_ns(target, data, found) for _ in range(RETRIES))
            if taken_ns > BAR_NS:
                found.slow.append(f"{taken_ns / _NS_PER_MS:.1f} ms: {found.place(data)}")
        found.worst_ns = max(found.worst_ns, taken_ns)
        if len(found.failures) + len(found.slow) >= enough:
            break
    return found


def _taken_ns(target: Target, data: bytes, found: Found) -> int:
    begun = time.thread_time_ns()
    try:
        target.decode(data)
    except Exception as why:  # noqa: BLE001 (whatever it is, it is what we look for)
        found.failures.append(f"{type(why).__name__}: {why}: {found.place(data)}")
    return time.thread_time_ns() - begun


def has_teeth(*, seed: int) -> bool:
    """Plant a length that is believed and a search that starts over; say whether both are found."""
    known = targets(corpus())

    def believes(data: bytes) -> object:
        return data[2 + data[1]] if data[:1] == b"\x03" else None

    def starts_over(data: bytes) -> object:
        return [data.count(data[at:]) for at in range(len(data)) for _ in range(2)]

    planted = (Target(believes, known["ndef"].seeds), Target(starts_over, known["tracks"].seeds))
    raised, slow = (fuzz("planted", one, count=TEETH_INPUTS, seed=seed, enough=1) for one in planted)
    return bool(raised.failures) and bool(slow.slow)


def _fuzz_named(name: str, count: int, seed: int) -> Found:
    return fuzz(name, targets(corpus())[name], count=count, seed=seed)


def run(*, count: int, seed: int) -> dict[str, Any]:
    """Fuzz every decoder on two cores with so many inputs each."""
    begun = time.monotonic()
    names = list(targets(corpus()))
    with ProcessPoolExecutor(2) as pool:
        tasks = [pool.submit(_fuzz_named, name, count, seed) for name in names]
        results = [task.result() for task in tasks]
    for found in results:
        mean_us = found.total_ns / max(found.inputs, 1) / 1000
        worst = f"worst {found.worst_ns / _NS_PER_MS:.2f} ms"
        print(f"{found.name}: {found.inputs} inputs, mean {mean_us:.0f} us, {worst}")
        for line in (*found.failures, *found.slow):
            print(f"  {line}")
    teeth = has_teeth(seed=seed)
    return {
        "name": "fuzz-decoders",
        "decoders": len(results),
        "attempts": sum(found.inputs for found in results),
        "failures": sum(len(found.failures) for found in results),
        "slow": sum(len(found.slow) for found in results),
        "worst_ms": round(max(found.worst_ns for found in results) / _NS_PER_MS, 2),
        "bar_ms": BAR_NS / _NS_PER_MS,
        "teeth": teeth,
        "skipped": None,
        "seed": seed,
        "seconds": round(time.monotonic() - begun, 1),
        "ok": teeth and all(found.is_sound for found in results),
    }
