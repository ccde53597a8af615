"""Time that jumps: in order, exactly, and never in vain."""

import asyncio

import pytest

from tests.fleet.virtual_loop import NothingDueError, VirtualLoop


def test_a_year_of_sleep_takes_no_time_and_ends_when_it_should() -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()

        async def sleeper() -> float:
            await asyncio.sleep(365 * 86_400)
            return loop.time()

        assert runner.run(sleeper()) == pytest.approx(365 * 86_400, abs=1e-3)


def test_what_is_due_earlier_happens_earlier_however_it_was_started() -> None:
    told: list[str] = []

    async def later(seconds: float, name: str) -> None:
        await asyncio.sleep(seconds)
        told.append(name)

    async def all_of_them() -> None:
        await asyncio.gather(later(3, "c"), later(1, "a"), later(2, "b"))

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(all_of_them())
    assert told == ["a", "b", "c"]


def test_a_deadline_ends_a_call_that_hangs() -> None:
    async def hang() -> None:
        async with asyncio.timeout(5):
            await asyncio.get_running_loop().create_future()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner, pytest.raises(TimeoutError):
        runner.run(hang())


def test_work_of_another_thread_is_done_on_this_one() -> None:
    async def work() -> int:
        return await asyncio.to_thread(lambda: 6 * 7)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(work()) == 42


def test_waiting_for_nothing_is_an_error_and_no_standstill() -> None:
    loop = VirtualLoop()
    with pytest.raises(NothingDueError):
        loop.run_until_complete(loop.create_future())
    loop.close()
