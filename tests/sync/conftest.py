"""A till's ledger with receipts in it, a clock that stands still, and a desk to talk to."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.ledger.ledger import Ledger, open_ledger
from agent.sync.session import Session
from tests.sync.desk import Desk, DeskDoor
from tests.sync.till import StandingClock, sell


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def make_ledger(tmp_path: Path, clock: StandingClock) -> Iterator[Callable[..., Ledger]]:
    made: list[Ledger] = []

    def make(name: str = "a", receipts: int = 0) -> Ledger:
        ledger = open_ledger(tmp_path / name, clock=clock, new_id=lambda: (name * 32)[:32])
        made.append(ledger)
        for number in range(receipts):
            sell(ledger, f"{name}-{number}")
        return ledger

    yield make
    for ledger in made:
        ledger.close()


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def talk(desk: Desk, clock: StandingClock, heard: list[str]) -> Callable[[Ledger], Session]:
    def make(ledger: Ledger) -> Session:
        return Session(
            ledger,
            DeskDoor(desk),
            clock=clock,
            publisher_key=desk.publisher_key,
            program_version="0",
            on_programme=lambda _text, name: heard.append(name),
        )

    return make
