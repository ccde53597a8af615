"""The event stream: what a client that comes back hears, and what becomes of one that does not listen."""

import asyncio
from collections.abc import AsyncIterator

from agent.till.events import CLIENT_QUEUE, RING, Events


async def taken(stream: AsyncIterator[bytes], count: int) -> list[bytes]:
    return [await asyncio.wait_for(anext(stream), 5) for _ in range(count)]


def test_a_new_client_is_welcomed_and_hears_what_happens_from_then_on() -> None:
    async def talk() -> list[bytes]:
        events = Events("boot")
        events.publish("before", {})
        stream = events.follow()
        heard = await taken(stream, 1)
        events.publish("card.read", {"device": "scanner"})
        return heard + await taken(stream, 1)

    welcome, news = asyncio.run(talk())
    assert welcome.startswith(b":")
    assert news == b'id: boot-2\nevent: card.read\ndata: {"device":"scanner"}\n\n'


def test_a_client_that_comes_back_misses_nothing() -> None:
    async def talk() -> list[bytes]:
        events = Events("boot")
        for number in range(5):
            events.publish(f"n{number}", {})
        return await taken(events.follow("boot-2"), 3)

    assert [news.split(b"\n")[0] for news in asyncio.run(talk())] == [
        b"id: boot-3", b"id: boot-4", b"id: boot-5",
    ]  # fmt: skip


def test_a_client_of_an_earlier_start_or_from_beyond_the_ring_is_told_to_look_again() -> None:
    async def first(last_event_id: str) -> bytes:
        events = Events("boot")
        for _ in range(RING + 10):
            events.publish("n", {})
        return (await taken(events.follow(last_event_id), 1))[0]

    for last in ("older-3", "boot-1", "boot-x", "nonsense"):
        assert asyncio.run(first(last)).startswith(b"event: resync\n")
    assert asyncio.run(first("boot-10")).startswith(b"id: boot-11\n")


def test_a_client_that_does_not_listen_is_let_go_and_holds_no_memory() -> None:
    async def talk() -> tuple[int, int]:
        events = Events("boot")
        stream = events.follow()
        await taken(stream, 1)
        for _ in range(CLIENT_QUEUE + 1):
            events.publish("n", {})
        left = len(events._clients)
        heard = 0
        async for _ in stream:
            heard += 1
        return left, heard

    left, heard = asyncio.run(talk())
    assert left == 0
    assert heard == CLIENT_QUEUE - 1


def test_a_client_that_hangs_up_is_forgotten() -> None:
    async def talk() -> int:
        events = Events("boot")
        stream = events.follow()
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
        return len(events._clients)

    assert asyncio.run(talk()) == 0
