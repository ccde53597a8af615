"""Who a till is: made at enrolment, kept in files nobody else reads, whole or not at all."""

import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.requests import Request
from starlette.responses import Response

from agent.errors import ConfigurationError, Rejected, Unreachable
from agent.sync.client import ClientSettings
from agent.sync.credentials import (
    ENROLMENT,
    Credentials,
    Enrolment,
    key_to_enrol_with,
    read_credentials,
    write_credentials,
)
from agent.sync.enrol import enrol
from agent.sync.signing import is_from, seal
from agent.sync.wire import EnrolAnswer, Enrolled, EnrolRequest, Refusal, encode
from tests.sync.serving import serving

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
MINE = Credentials(Enrolment("t1", "s1", "http://office", "ab" * 32), KEY, b"f" * 32)


def test_what_is_written_is_read_again_and_nobody_else_may(tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    write_credentials(folder, MINE)
    found = read_credentials(folder)
    assert found is not None
    assert (found.enrolment, found.fleet_key) == (MINE.enrolment, MINE.fleet_key)
    assert found.key.private_bytes_raw() == KEY.private_bytes_raw()
    assert found.publisher_key == b"\xab" * 32
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_till_without_credentials_is_not_enrolled(tmp_path: Path) -> None:
    assert read_credentials(tmp_path) is None


def test_credentials_cut_short_while_written_leave_a_till_that_is_not_enrolled(tmp_path: Path) -> None:
    write_credentials(tmp_path, MINE)
    (tmp_path / ENROLMENT).unlink()
    assert read_credentials(tmp_path) is None


def test_a_second_enrolment_replaces_the_first(tmp_path: Path) -> None:
    write_credentials(tmp_path, MINE)
    other = Credentials(Enrolment("t2", "s1", "http://office", "ab" * 32), KEY, b"g" * 32)
    write_credentials(tmp_path, other)
    found = read_credentials(tmp_path)
    assert found is not None
    assert (found.enrolment.till, found.fleet_key) == ("t2", b"g" * 32)
    assert not list(tmp_path.glob("*.new"))


@pytest.mark.parametrize("content", [b"", b"{}", b'{"till": 3}'])
def test_damaged_credentials_are_told_with_their_cure(tmp_path: Path, content: bytes) -> None:
    write_credentials(tmp_path, MINE)
    (tmp_path / ENROLMENT).write_bytes(content)
    with pytest.raises(ConfigurationError, match="enrol this till anew"):
        read_credentials(tmp_path)


def test_the_service_manager_may_prefix_the_names(tmp_path: Path) -> None:
    write_credentials(tmp_path, MINE)
    for path in list(tmp_path.iterdir()):
        path.rename(tmp_path / f"creds_{path.name}")
    assert read_credentials(tmp_path) is None
    assert read_credentials(tmp_path, prefix="creds_") is not None


def test_a_sealed_message_serves_at_one_door_for_one_key() -> None:
    public = KEY.public_key().public_bytes_raw()
    sealed = seal("t1", "/a", b"payload", KEY)
    assert is_from(sealed, "/a", public)
    assert not is_from(sealed, "/b", public)
    assert not is_from(sealed, "/a", b"q" * 32)
    assert not is_from(msgspec.structs.replace(sealed, payload=b"other"), "/a", public)
    assert not is_from(msgspec.structs.replace(sealed, signature=b"short"), "/a", public)
    assert not is_from(sealed, "/a", b"short")


def enrolling(answer: EnrolAnswer | None, heard: list[EnrolRequest]) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        heard.append(msgspec.msgpack.decode(await Request(scope, receive).body(), type=EnrolRequest))
        response = (
            Response(encode(answer), media_type="application/msgpack")
            if answer
            else Response(status_code=429, headers={"Retry-After": "1"})
        )
        await response(scope, receive, send)

    return app


@pytest.mark.anyio
async def test_a_code_is_exchanged_for_an_identity_and_the_key_stays_here() -> None:
    heard: list[EnrolRequest] = []
    async with serving(enrolling(Enrolled("t1", "s1", b"f" * 32, b"p" * 32), heard)) as port:
        url = f"http://127.0.0.1:{port}"
        made = await enrol(ClientSettings(url), "code")
    assert made.enrolment == Enrolment("t1", "s1", url, (b"p" * 32).hex())
    assert made.fleet_key == b"f" * 32
    assert heard == [EnrolRequest("code", made.key.public_key().public_bytes_raw())]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "answer",
    [Refusal("code_unknown", "used"), Enrolled("t1", "s1", b"short", b"p" * 32), None],
    ids=["refused", "key of another length", "busy"],
)
async def test_no_identity_without_head_office_s_yes(answer: EnrolAnswer | None) -> None:
    async with serving(enrolling(answer, [])) as port:
        with pytest.raises(Rejected):
            await enrol(ClientSettings(f"http://127.0.0.1:{port}"), "code")


@pytest.mark.anyio
async def test_an_office_that_is_away_can_enrol_nobody() -> None:
    with pytest.raises(Unreachable):
        await enrol(ClientSettings("http://127.0.0.1:1"), "code")


def test_the_key_of_an_enrolment_outlives_its_lost_answer_and_not_its_success(tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    first, again = key_to_enrol_with(folder), key_to_enrol_with(folder)
    assert first.private_bytes_raw() == again.private_bytes_raw()
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert read_credentials(folder) is None
    write_credentials(folder, MINE)
    assert key_to_enrol_with(folder).private_bytes_raw() != first.private_bytes_raw()
