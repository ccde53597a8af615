"""Questions for news that wait: answered as soon as something changes, one look at the books for all."""

import asyncio
from random import Random
from typing import Any

import httpx
import msgspec
import pytest

from agent.headoffice.app import build_app
from agent.headoffice.bodies import Bodies, Unwanted
from agent.headoffice.member_import import import_members
from agent.headoffice.news import News
from agent.headoffice.office import Office
from agent.headoffice.store.settings import change
from agent.sync.signing import seal
from agent.sync.wire import PATHS, Delta, Pull, encode
from tests.headoffice.till_end import TillEnd
from tests.sync.till import until

pytestmark = pytest.mark.anyio
MORE = "member,card\nm-9,2990000000099\n"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Books:
    """The number of the last change, and how often it was looked at."""

    def __init__(self) -> None:
        self.last, self.looks = 7, 0

    async def look(self) -> int:
        self.looks += 1
        return self.last


async def soon(_: float) -> None:
    await asyncio.sleep(0)


async def test_two_hundred_tills_wait_on_one_look_and_hear_of_the_same_change() -> None:
    books = Books()
    news = News(books.look, sleep=soon)
    waiting = [asyncio.create_task(news.wait(f"t{number}", 7, 60)) for number in range(200)]
    await until(lambda: books.looks > 3)
    assert not any(task.done() for task in waiting)
    before = books.looks
    books.last = 8
    await asyncio.gather(*waiting)
    assert books.looks - before < 20
    rested = books.looks
    await asyncio.sleep(0.01)
    assert books.looks <= rested + 1  # nobody waits, nobody looks


async def test_a_till_behind_or_ahead_is_answered_at_once_and_one_with_no_news_in_time() -> None:
    news = News(Books().look, sleep=soon)
    await asyncio.wait_for(news.wait("behind", 3, 60), 5)
    await asyncio.wait_for(news.wait("ahead", 99, 60), 5)
    await asyncio.wait_for(news.wait("level", 7, 0.01), 5)


async def test_a_later_question_of_a_till_ends_its_earlier_one() -> None:
    news = News(Books().look, sleep=soon)
    earlier = asyncio.create_task(news.wait("t", 7, 60))
    await asyncio.sleep(0)
    later = asyncio.create_task(news.wait("t", 7, 0.05))
    await asyncio.wait_for(earlier, 5)
    assert not later.done()
    await later


async def test_books_that_cannot_be_read_keep_nobody_waiting() -> None:
    async def broken() -> int:
        raise OSError("gone")

    news = News(broken, sleep=soon)
    await asyncio.wait_for(news.wait("t", 7, 60), 5)
    watch = news._watch
    assert watch is not None
    assert isinstance((await asyncio.gather(watch, return_exceptions=True))[0], OSError)


def sealed(till: TillEnd, message: Any) -> bytes:
    path = PATHS[type(message)]
    return encode(seal(till.name, path, encode(message), till.key))


async def test_the_door_answers_a_waiting_question_when_members_arrive(office: Office, till: TillEnd) -> None:
    transport = httpx.ASGITransport(build_app(office, chance=Random(1)))
    async with httpx.AsyncClient(transport=transport, base_url="http://office") as client:
        cursor = change(office.store)
        question = Pull(till.incarnation, cursor, wait_ms=60_000)
        waiting = asyncio.create_task(client.post(PATHS[Pull], content=sealed(till, question)))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await asyncio.to_thread(import_members, office, MORE, name="more.csv")
        response = await asyncio.wait_for(waiting, 10)
        page = msgspec.msgpack.decode(response.content, type=Delta)
        assert [row.member for row in page.members] == ["m-9"]
        level = Pull(till.incarnation, page.to_cursor, wait_ms=10)
        empty = await client.post(PATHS[Pull], content=sealed(till, level))
        assert msgspec.msgpack.decode(empty.content, type=Delta).members == []


async def test_bodies_are_bounded_together_and_let_go_afterwards() -> None:
    bodies = Bodies(together=100)

    class Caller:
        def __init__(self, *chunks: bytes) -> None:
            self._chunks = chunks

        async def stream(self) -> Any:
            for chunk in self._chunks:
                yield chunk

    async with bodies.read(Caller(b"a" * 60), 80) as body:  # type: ignore[arg-type]
        assert body == b"a" * 60
        with pytest.raises(Unwanted) as full:
            async with bodies.read(Caller(b"b" * 30, b"b" * 30), 80):  # type: ignore[arg-type]
                pass
        assert full.value.status == 503
    with pytest.raises(Unwanted) as large:
        async with bodies.read(Caller(b"c" * 81), 80):  # type: ignore[arg-type]
            pass
    assert large.value.status == 413
    async with bodies.read(Caller(b"d" * 80), 80) as body:  # type: ignore[arg-type]
        assert len(body) == 80
