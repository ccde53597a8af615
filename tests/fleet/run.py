"""One run: a chain by a seed, trouble for some days, then healing, and every promise looked at."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from tests.fleet.chain import OPENING, Template, till_name
from tests.fleet.faults import Climate, Faults
from tests.fleet.healed import hold_against_promises
from tests.fleet.limits import Beyond
from tests.fleet.machine import Machine
from tests.fleet.mount import FleetVfs
from tests.fleet.network import Line, Weather
from tests.fleet.office import FleetOffice
from tests.fleet.oracle import Oracle
from tests.fleet.pool import MEMBER, POOL, Loans, Part
from tests.fleet.shop import CLOSES_S, OPENS_S, Counter, Habits
from tests.fleet.story import DAY_S, Story
from tests.fleet.till import FleetTill
from tests.fleet.virtual_loop import VirtualLoop
from tests.fleet.wiring import Wiring

MEMORY = Path("/dev/shm")
"""Files are many and short-lived: they lie in memory where there is such a place."""
HEALING_S = 3 * 3600.0
WITH_POOLS = Climate(shop_cut=2.0, written_off=1.0, placed=16.0)


@dataclass(frozen=True)
class Plan:
    """What a run is: everything follows from this and the code."""

    seed: int
    tills: int = 2
    days: int = 1
    receipts: float = 12.0
    """Receipts a till and day, on average."""
    members: int = 6
    pull_interval_s: float = 900.0
    pool: bool = False
    """Whether each store's first till is the pool of its others."""
    limited: bool = False
    """Whether points may be spent beyond allowances, under caps."""
    climate: Climate = field(default_factory=Climate)


def plan_of(seed: int, **shape: Any) -> Plan:
    """Return a seed's plan: half of the stores have a pool, a third of the chains let points go on credit."""
    has_pool = shape.get("tills", 2) > 1 and seed // 3 % 2 == 1
    climate = WITH_POOLS if has_pool else Climate()
    return Plan(seed=seed, pool=has_pool, limited=seed // 6 % 3 == 1, climate=climate, **shape)


@dataclass
class Outcome:
    """How a run went."""

    digest: str
    steps: int
    receipts: int
    wrong: list[str]
    overspent: int
    seconds: float


def simulate(plan: Plan, *, wiring: Wiring = Wiring(), tell: Callable[[str], None] | None = None) -> Outcome:  # noqa: B008 - frozen
    """Run a plan to its end; the same plan and wiring give the same digest."""
    begun_s = time.process_time()
    with _folder() as place, asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        outcome = runner.run(_run(plan, wiring, place, tell=tell))
        outcome.wrong += [f"a task failed: {fault}" for fault in loop.faults]
    outcome.seconds = time.process_time() - begun_s
    return outcome


async def _run(plan: Plan, wiring: Wiring, place: Path, *, tell: Callable[[str], None] | None) -> Outcome:
    story = Story(asyncio.get_running_loop(), tell=tell)
    oracle = Oracle(story, OPENING, Beyond(story, wiring.worst))
    vfs = FleetVfs()
    machines: list[Machine] = []
    try:
        await _live(plan, wiring, place, vfs, story=story, oracle=oracle, machines=machines)
    except Exception as failure:  # noqa: BLE001 - whatever broke is what this run has found
        story.violated("broke", f"{type(failure).__name__}: {failure}")
    finally:
        for machine in machines:
            machine.kill()
            machine.disk.close()
        await asyncio.sleep(0)
        vfs.close()
    return Outcome(story.digest(), story.steps, len(oracle.told), story.wrong, oracle.overspent, 0.0)


async def _live(
    plan: Plan,
    wiring: Wiring,
    place: Path,
    vfs: FleetVfs,
    *,
    story: Story,
    oracle: Oracle,
    machines: list[Machine],
) -> None:
    """Build the chain, sell among faults, heal, look at every promise; `machines` get what must be ended."""
    given: dict[str, Any] = {"wiring": wiring, "story": story, "oracle": oracle}
    template = _template(plan.members, plan.tills, plan.limited)
    loans = Loans(story)
    chance = Random(f"{plan.seed}/office")
    office = FleetOffice(
        place / "office", vfs, chance=chance, template=template.copy_to, has_pools=plan.pool, **given
    )
    machines.append(office)
    office.start()
    weather = _weather(Random(f"{plan.seed}/weather"))
    tills: list[FleetTill] = []
    for name in map(till_name, range(plan.tills)):
        line = Line(office.answer, weather, story, name=name, chance=Random(f"{plan.seed}/{name}/line"))
        key, interval_s = template.publisher_key, plan.pull_interval_s
        chance = Random(f"{plan.seed}/{name}")
        till = FleetTill(
            name, place / name, vfs, chance=chance, line=line, publisher_key=key, pull_interval_s=interval_s,
            part=_part(plan, name, tills, weather, story), loans=loans, **given,
        )  # fmt: skip
        machines.append(till)
        tills.append(till)
        till.start()
    await _trade(plan, office, tills, weather=weather, story=story, oracle=oracle)


def _part(plan: Plan, name: str, before: list[FleetTill], weather: Weather, story: Story) -> Part:
    """Return a till's part in its store's pool; the store's first till is started before the others."""
    store = name.partition("-")[0]
    pool = next((one for one in before if one.name.partition("-")[0] == store), None)
    if not plan.pool:
        return Part()
    if pool is None:
        return Part(POOL)
    chance = Random(f"{plan.seed}/{name}/shop-line")
    line = Line(pool.answer_shop, weather, story, name=f"{name}>{pool.name}", chance=chance)
    return Part(MEMBER, line, pool.lends)


async def _trade(
    plan: Plan, office: FleetOffice, tills: list[FleetTill], *, weather: Weather, story: Story, oracle: Oracle
) -> None:
    share_s = (CLOSES_S - OPENS_S) / plan.receipts
    habits = Habits(members=plan.members)
    counters = []
    for till in tills:
        chance = Random(f"{plan.seed}/{till.name}/shop")
        counters.append(
            Counter(till, habits=habits, chance=chance, story=story, oracle=oracle, share_s=share_s)
        )
    chance = Random(f"{plan.seed}/faults")
    faults = Faults(
        office, tills, climate=plan.climate, chance=chance, weather=weather, story=story, oracle=oracle
    )
    faults.start()
    await asyncio.gather(*(one.trade(plan.days * DAY_S) for one in counters))
    faults.stop()
    await hold_against_promises(office, tills, counters, story=story, oracle=oracle, settle_s=HEALING_S)


def _weather(chance: Random) -> Weather:
    """Draw how bad the lines are: fine on some runs, dreadful on others."""
    bad = chance.choice((0.0, 0.02, 0.05, 0.12))
    return Weather(lost=bad, answer_lost=bad, doubled=bad * 1.5, old_answer=bad * 2, slow=bad)


@cache
def _template(members: int, tills: int, is_limited: bool) -> Template:
    folder = _memory_folder()
    return Template(folder, members=members, count=tills, is_limited=is_limited)


def _memory_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="fleet-", dir=MEMORY if MEMORY.is_dir() else None)).resolve()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = _memory_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
