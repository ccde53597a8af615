"""Boxes over the real wire: handed over, erased at the till once head office has them; its key is signed."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from agent.headoffice import people
from agent.headoffice.app import build_app
from agent.headoffice.office import Office
from agent.headoffice.publish import publish
from agent.journal.box import seal_box
from agent.ledger.marks import SEALING_KEY
from agent.sync.announced import SealingKey
from agent.sync.people import Boxes
from agent.sync.wire import Retry
from tests.headoffice.till_end import PROGRAMME, StillClock
from tests.sync.serving import serving
from tests.sync.test_with_head_office import Till, enrolled

pytestmark = pytest.mark.anyio


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path / "office", StillClock(), serving=True)
    publish(office, PROGRAMME, name="household-club.toml")
    yield office
    office.close()


@pytest.fixture
async def till(office: Office, tmp_path: Path) -> AsyncIterator[Till]:
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(serving(build_app(office)))
        yield await stack.enter_async_context(
            enrolled(office, tmp_path, "till-a", f"http://127.0.0.1:{port}")
        )


async def test_a_box_leaves_the_till_once_it_is_taken(office: Office, till: Till, tmp_path: Path) -> None:
    await till.sync()
    key = bytes.fromhex(till.ledger.read.text_mark(SEALING_KEY))
    box = seal_box(key, b"\x82\xa5phone\xa4+358\xa8language\xa2fi", "m-1", b"r" * 32)
    till.ledger.write(lambda tx: tx.put_box("m-1", box)).result()
    await till.sync()
    assert till.ledger.read.boxes() == []
    assert [one.phone for one in people.persons(office, "m-1")] == ["+358"]
    till.ledger.write(lambda _: None).result()  # after what the writer does behind a commit
    for path in (tmp_path / "till-a").rglob("*"):
        assert not path.is_file() or box not in path.read_bytes(), path


async def test_a_key_that_the_publisher_did_not_sign_is_not_taken(office: Office, till: Till) -> None:
    await till.sync()
    right = till.ledger.read.text_mark(SEALING_KEY)
    boxes = Boxes(till.ledger, till.credentials.publisher_key)
    told = people.sealing_key(office, b"")
    assert told is not None
    for key in (SealingKey(b"x" * 32, told.signature), SealingKey(b"short", b""), None):
        await boxes.take_key(key)
    assert till.ledger.read.text_mark(SEALING_KEY) == right == told.key.hex()
    assert people.sealing_key(office, told.key) is None


async def test_a_till_keeps_its_boxes_while_head_office_is_away(till: Till) -> None:
    till.ledger.write(lambda tx: tx.put_box("m-1", b"box")).result()
    boxes = Boxes(till.ledger, till.credentials.publisher_key)

    async def refuse(_message: object, _answer: object) -> object:
        return Retry(after_ms=7)

    assert await boxes.hand_over(refuse) == 7
    assert len(till.ledger.read.boxes()) == 1
