"""What goes wrong, when and how often: drawn from the seed while the shop is open."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.fleet.machine import Machine
from tests.fleet.network import Weather
from tests.fleet.office import FleetOffice
from tests.fleet.oracle import Oracle
from tests.fleet.story import DAY_S, Story
from tests.fleet.till import FleetTill

LOOK_S = 20.0
GIVEN_BACK = 0.3
"""Share of write-offs after which the members have the points again, at the company's cost."""
SHORT_CUT_S, LONG_CUT_S = 1800.0, 1.2 * DAY_S


@dataclass(frozen=True)
class Climate:
    """How often each happens: times a day and machine."""

    cut: float = 3.0
    killed: float = 1.0
    power: float = 2.0
    clock: float = 0.5
    copied: float = 1.0
    restored: float = 1.0
    reimaged: float = 0.35
    office_down: float = 2.0
    office_power: float = 3.0
    books_restored: float = 1.0
    swept: float = 12.0
    placed: float = 3.0
    shop_cut: float = 0.0
    """Of a member's line to its store's pool."""
    written_off: float = 0.0
    """By two people: journals whose disks are gone."""


class Faults:
    """Brings faults about until it is stopped."""

    def __init__(
        self, office: FleetOffice, tills: list[FleetTill], *, climate: Climate, chance: Random,
        weather: Weather, story: Story, oracle: Oracle,
    ) -> None:  # fmt: skip
        self._office = office
        self._tills = tills
        self._climate = climate
        self._chance = chance
        self._weather = weather
        self._story = story
        self._oracle = oracle
        self._tasks: list[asyncio.Task[None]] = []
        self._copies: dict[str, dict[str, bytes]] = {}
        self._books: dict[str, bytes] = {}
        self._stopped = False

    def start(self) -> None:
        """Let the trouble begin."""
        climate = self._climate
        for till in self._tills:
            for often, happens in (
                (climate.cut, self._cut_line), (climate.killed, self._kill), (climate.power, self._power),
                (climate.clock, self._clock), (climate.copied, self._copy), (climate.reimaged, self._reimage),
                (climate.restored, self._restore),
                (climate.swept, self._sweep), (climate.shop_cut, self._cut_shop_line),
            ):  # fmt: skip
                self._repeat(often, happens, till)
        for often, happens_there in (
            (climate.office_down, self._kill), (climate.office_power, self._power),
            (climate.books_restored, self._restore_books), (climate.placed, FleetOffice.place),
            (climate.written_off, self._write_off),
        ):  # fmt: skip
            self._repeat(often, happens_there, self._office)

    def stop(self) -> None:
        """Let nothing more go wrong, and heal what is broken."""
        self._stopped = True
        for task in self._tasks:
            task.cancel()
        self._weather.clear()
        for till in self._tills:
            till.line.mend()
            if till.part.line is not None:
                till.part.line.mend()
            till.clock.ahead_s = 0.0
            till.disk.fuse(-1)
            till.start()
        self._office.disk.fuse(-1)
        self._office.start()

    def _repeat(self, often: float, happens: Callable[[Any], None], whom: Machine) -> None:
        if often:
            loop = asyncio.get_running_loop()
            self._tasks.append(loop.create_task(self._now_and_then(DAY_S / often, happens, whom)))

    async def _now_and_then(self, share_s: float, happens: Callable[[Any], None], whom: Machine) -> None:
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / share_s))
            happens(whom)

    def _cut_line(self, till: FleetTill) -> None:
        length_s = self._chance.expovariate(1 / (LONG_CUT_S if self._chance.random() < 0.2 else SHORT_CUT_S))
        till.line.cut(length_s)
        self._story.event(till.name, f"line cut for {length_s:.0f} s")

    def _cut_shop_line(self, till: FleetTill) -> None:
        if till.part.line is not None:
            length_s = self._chance.expovariate(1 / SHORT_CUT_S)
            till.part.line.cut(length_s)
            self._story.event(till.name, f"line to the pool cut for {length_s:.0f} s")

    def _write_off(self, office: FleetOffice) -> None:
        """Give up what a till's earlier journals hold: their disks are gone, or were replaced."""
        till, give_back = self._chance.choice(self._tills), self._chance.random() < GIVEN_BACK
        office.write_off(till.name, give_back=give_back)

    def _kill(self, machine: Machine) -> None:
        if machine.is_alive:
            self._story.event(machine.name, "killed")
            machine.kill()
        self._start_again(machine)

    def _power(self, machine: Machine) -> None:
        if machine.is_alive and self._chance.random() < 0.7:
            calls = self._chance.randrange(1, 40)
            self._story.event(machine.name, f"power will go at call {calls}")
            machine.disk.fuse(calls)
            asyncio.get_running_loop().call_later(3600, self._start_again, machine)
        elif machine.is_alive:
            self._story.event(machine.name, f"power cut: kept {machine.lose_power()}")
        self._start_again(machine)

    def _clock(self, till: FleetTill) -> None:
        till.clock.ahead_s = self._chance.choice(
            (0.0, -3.0, 90.0, -90.0, -7200.0, 7200.0, 2 * DAY_S, -2 * DAY_S)
        )
        self._story.event(till.name, f"clock is {till.clock.ahead_s:+.0f} s")

    def _copy(self, till: FleetTill) -> None:
        asyncio.get_running_loop().call_later(LOOK_S, self._copy_when_worth, till)

    def _copy_when_worth(self, till: FleetTill, looks: int = 600) -> None:
        """Copy the disk while there are points on it to be spent twice."""
        if looks and not (till.is_alive and till.open.read.members_with_allowances()):
            asyncio.get_running_loop().call_later(LOOK_S, self._copy_when_worth, till, looks - 1)
            return
        self._copies[till.name] = till.disk.snapshot()
        self._story.event(till.name, "disk copied")
        asyncio.get_running_loop().call_later(self._chance.uniform(60, 7200), self._put_back, till)

    def _put_back(self, till: FleetTill) -> None:
        copy = self._copies.pop(till.name, None)
        if copy is None or self._stopped:
            return
        with_witness = self._chance.random() < 0.3
        self._story.event(
            till.name, f"old copy of the disk put back, {'whole' if with_witness else 'ledger alone'}"
        )
        till.put_back(copy, with_witness=with_witness)
        till.start()
        if with_witness and till.ledger is not None:
            self._oracle.copy_came_back(till.ledger)

    def _reimage(self, till: FleetTill) -> None:
        self._story.event(till.name, "new disk")
        self._copies.pop(till.name, None)
        till.reimage()
        self._start_again(till)

    def _restore(self, till: FleetTill) -> None:
        if not till.is_alive:
            return
        if self._chance.random() < 0.5:
            till.keep_backup()
            self._story.event(till.name, "ledger backed up")
        elif till.restore_backup():
            self._story.event(till.name, "backup restored, the present journal in the archive")
        self._start_again(till)

    def _restore_books(self, office: FleetOffice) -> None:
        if not self._books or self._chance.random() < 0.4:
            if office.is_alive:
                self._books = office.backup()
                self._story.event(office.name, "books backed up")
            return
        self._story.event(office.name, "books restored from a backup")
        office.restore(self._books)

    def _sweep(self, till: FleetTill) -> None:
        till.sweep()
        till.sync_now()

    def _start_again(self, machine: Machine) -> None:
        after_s = (
            self._chance.uniform(1, 120) if self._chance.random() < 0.8 else self._chance.uniform(600, 7200)
        )
        asyncio.get_running_loop().call_later(after_s, self._started, machine)

    def _started(self, machine: Machine) -> None:
        if not machine.is_up:
            machine.start()
            self._story.event(machine.name, "started" if machine.is_alive else "did not start")
            if not machine.is_alive:
                self._start_again(machine)
