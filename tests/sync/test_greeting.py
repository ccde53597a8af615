"""A name goes from head office to a till over real HTTP, and nothing of it stays at the till."""

from pathlib import Path

import msgspec
import pytest

from agent.headoffice import people
from agent.headoffice.app import build_app
from agent.headoffice.members import card_tag
from agent.headoffice.office import Office
from agent.headoffice.store import counter
from agent.journal.box import seal_box
from agent.sync.allowance import ask_name
from tests.sync.serving import serving
from tests.sync.test_with_head_office import enrolled, office

__all__ = ["office"]
pytestmark = pytest.mark.anyio
NUMBER, FULL = "2990000000017", "Zerafina Quillfeather"


def agrees(office: Office) -> None:
    """Let the member of NUMBER have told a name and agreed to the greeting."""
    told = people.sealing_key(office, b"")
    assert told is not None
    box = seal_box(told.key, msgspec.msgpack.encode({"name": FULL}), "m-1", b"r" * 32)
    with office.store.writing():
        counter.put_person(office.store, "digest", "m-1", msgspec.msgpack.encode(("m-1", box)))
        words = ("greeting", 1, "en-1", "till", "2026-11-24T12:00:00+00:00")
        counter.put_consent(office.store, ("0" * 32, 1), "m-1", words)


async def test_a_name_is_told_once_asked_for_and_kept_nowhere(office: Office, tmp_path: Path) -> None:
    async with (
        serving(build_app(office)) as port,
        enrolled(office, tmp_path, "12-1", f"http://127.0.0.1:{port}") as till,
    ):
        await till.session.push()
        tag = card_tag(office, NUMBER)
        incarnation = till.ledger.incarnation
        assert await ask_name(till.client, incarnation, tag, deadline_s=1) == ""
        agrees(office)
        assert await ask_name(till.client, incarnation, tag, deadline_s=1) == "Zerafina Q."
        await till.sync()
        folder = tmp_path
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"Zerafina" in path.read_bytes()]


async def test_nobody_waits_for_a_name_when_head_office_is_away(office: Office, tmp_path: Path) -> None:
    async with serving(build_app(office)) as port:
        url = f"http://127.0.0.1:{port}"
        async with enrolled(office, tmp_path, "12-1", url) as till:
            await till.session.push()
            tag, incarnation = card_tag(office, NUMBER), till.ledger.incarnation
            assert await ask_name(till.client, "not an incarnation", tag, deadline_s=1) == ""
            assert await ask_name(till.client, incarnation, tag, deadline_s=0.000_001) == ""
