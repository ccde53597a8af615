"""Limited spending in the daemon: its worst loss stands in the status, some cards ask head office anyway."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent.daemon.online import Online
from agent.daemon.status import beyond_of
from agent.errors import SyncError
from agent.loyalty.compile import compile_programme
from agent.loyalty.language.read import load_programme
from tests.till.desk import CLUB, Desk
from tests.till.test_limited import LIMITED, desk_of, spent


class NoAnswer:
    """A line on which nobody answers; it counts who was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def send(self, message: Any, answer: Any, *, deadline_s: float) -> Any:
        assert message
        assert answer
        assert deadline_s
        self.asked += 1
        raise SyncError("no answer")


def online_of(desk: Desk, line: NoAnswer, *, programme: bytes, drawn: int) -> Online:
    compiled = compile_programme(load_programme(programme, name="p.toml"))
    return Online(
        desk.ledger,
        line,  # type: ignore[arg-type]
        programme=lambda: compiled,
        is_online=lambda: False,
        chance=lambda most: min(drawn, most - 1),
        deadline_s=1.0,
    )


@pytest.mark.parametrize(
    ("programme", "drawn", "asked"), [(LIMITED, 4, 1), (LIMITED, 5, 0), (CLUB.read_bytes(), 0, 0)]
)
def test_a_share_of_cards_asks_head_office_though_it_seems_away(
    tmp_path: Path, programme: bytes, drawn: int, asked: int
) -> None:
    desk = desk_of(tmp_path)
    line = NoAnswer()
    assert (
        asyncio.run(online_of(desk, line, programme=programme, drawn=drawn).ask_allowances("m1", {})) is False
    )
    assert line.asked == asked
    desk.ledger.close()


def test_the_status_says_what_may_be_lost_and_what_is_gone(tmp_path: Path) -> None:
    desk = desk_of(tmp_path)
    words = load_programme(LIMITED, name="p.toml")
    assert beyond_of(desk.ledger.read, words) == {
        "worst_offline_loss": {"points": 800},
        "beyond_allowances": {"points": 0},
    }
    assert spent(desk, "r1") == 300
    lower = load_programme(LIMITED.replace(b"till_cap = 800", b"till_cap = 500"), name="p.toml")
    assert beyond_of(desk.ledger.read, lower) == {
        "worst_offline_loss": {"points": 500},
        "beyond_allowances": {"points": 300},
    }
    desk.ledger.close()


def test_a_strict_programme_has_nothing_to_lose(tmp_path: Path) -> None:
    desk = desk_of(tmp_path)
    assert beyond_of(desk.ledger.read, load_programme(CLUB.read_bytes(), name="p.toml")) == {
        "worst_offline_loss": {},
        "beyond_allowances": {},
    }
    assert beyond_of(desk.ledger.read, None)["worst_offline_loss"] == {}
    desk.ledger.close()
