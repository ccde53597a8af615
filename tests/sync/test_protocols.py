"""Two generations of the program, one at each end: what is said is what both know, and journals travel."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.errors import Rejected
from agent.ledger.ledger import Ledger
from agent.sync.client import Client, ClientSettings
from agent.sync.packing import MAGIC, unpacked
from agent.sync.session import Session
from agent.sync.wire import MAX_BODY_BYTES, PROTOCOL, Hello, Push, Refusal, Sealed, Welcome, encode
from tests.sync.desk import Desk, app_of, member
from tests.sync.serving import serving
from tests.sync.till import StandingClock

pytestmark = pytest.mark.anyio
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
MakeLedger = Callable[..., Ledger]


class OldDesk(Desk):
    """A head office that knows protocol 1 alone, and refuses whoever greets with a newer one."""

    def answer(self, message: Any) -> Any:
        if isinstance(message, Hello) and message.protocol > 1:
            self.heard.append(message)
            return Refusal("upgrade_head_office", "protocol 2 is newer than ours (1)")
        return super().answer(message)


class NewDesk(Desk):
    """A head office that knows `protocol`, and says more than this till understands."""

    def __init__(self, protocol: int) -> None:
        super().__init__()
        self.protocol = protocol

    def answer(self, message: Any) -> Any:
        told = super().answer(message)
        if not isinstance(told, Welcome):
            return told
        said = msgspec.msgpack.decode(encode(told))
        return {**said, "protocol": self.protocol, "later": [1]}


async def sync(desk: Desk, ledger: Ledger) -> list[bytes]:
    """Let a till of today talk to `desk` over HTTP; return what it pushed, as it lay in the envelope."""
    payloads: list[bytes] = []
    app = app_of(desk, KEY.public_key().public_bytes_raw())

    async def listening(scope: Any, receive: Any, send: Any) -> None:
        body = bytearray()

        async def noting() -> Any:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def plain() -> Any:
            # Our desk reads plain messages; what came packed is opened for it, signature and all.
            message = await noting()
            while message.get("more_body"):
                message = await noting()
            sealed = msgspec.msgpack.decode(body, type=Sealed)
            if scope["path"].endswith("/push"):
                payloads.append(sealed.payload)
            content = unpacked(sealed.payload, MAX_BODY_BYTES)
            again = Sealed(sealed.till, content, KEY.sign(scope["path"].encode() + b"\0" + content))
            return {"type": "http.request", "body": encode(again), "more_body": False}

        await app(scope, plain, send)

    async with serving(listening) as port:
        client = Client(ClientSettings(f"http://127.0.0.1:{port}"), till="t1", key=KEY)
        session = Session(
            ledger,
            client,
            clock=StandingClock(),
            publisher_key=desk.publisher_key,
            program_version="0",
            on_programme=lambda _text, _name: None,
        )
        assert await session.push() == 0
        assert await session.pull() == 0
        await client.close()
    return payloads


async def test_an_old_head_office_is_greeted_in_its_own_protocol_and_gets_nothing_packed(
    make_ledger: MakeLedger,
) -> None:
    desk, ledger = OldDesk(), make_ledger(receipts=20)
    desk.members = [member("m9")]
    pushed = await sync(desk, ledger)
    assert desk.journals[ledger.incarnation].end == ledger.read.head()
    assert [one.protocol for one in desk.heard if isinstance(one, Hello)] == [PROTOCOL, 1]
    assert pushed
    assert not [one for one in pushed if one.startswith(MAGIC)]
    assert ledger.read.balance("m9", "points") == 10


@pytest.mark.parametrize("protocol", [PROTOCOL, PROTOCOL + 7])
async def test_a_head_office_of_today_or_later_gets_packed_batches(
    protocol: int, make_ledger: MakeLedger
) -> None:
    desk, ledger = NewDesk(protocol), make_ledger(receipts=20)
    pushed = await sync(desk, ledger)
    assert desk.journals[ledger.incarnation].end == ledger.read.head()
    assert [one.protocol for one in desk.heard if isinstance(one, Hello)] == [PROTOCOL]
    (batch,) = [one for one in desk.heard if isinstance(one, Push)]
    assert len(pushed) == 1
    assert pushed[0].startswith(MAGIC)
    assert len(pushed[0]) < len(encode(batch)) / 3


async def test_an_older_office_that_refuses_for_another_reason_is_not_asked_twice(
    make_ledger: MakeLedger, desk: Desk, talk: Callable[[Ledger], Session]
) -> None:
    desk.scripted.append(Refusal("closed", "no"))
    with pytest.raises(Rejected, match="closed"):
        await talk(make_ledger()).push()
    assert len(desk.heard) == 1
