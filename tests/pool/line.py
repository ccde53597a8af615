"""A till's line to the pool as a call: every message goes through its bytes, lost or repeated at will."""

from collections.abc import Callable
from typing import Any

import msgspec

from agent.errors import Unreachable
from agent.pool.desk import PoolDesk
from agent.sync.wire import Allowance, AllowanceRequest, Hello, Push, encode


class Line:
    """A till's line to the pool: `fate` says what becomes of the next messages."""

    def __init__(self, desk: Callable[[], PoolDesk], till: str) -> None:
        self._desk, self._till = desk, till
        self.fate = "heard"
        self.late: list[Allowance] = []
        self.sent: list[Any] = []

    async def send(self, message: Any, answer: Any, *, deadline_s: float = 1.0) -> Any:
        assert deadline_s > 0
        if self.fate == "lost":
            raise Unreachable("cut")
        self.sent = [*self.sent[-20:], message]
        told = await self.deliver(message)
        if self.fate == "unanswered":
            if isinstance(told, Allowance):
                self.late.append(told)
            raise Unreachable("cut")
        return msgspec.msgpack.decode(encode(told), type=answer)

    async def deliver(self, message: Any) -> Any:
        """Let the pool hear a message, perhaps again."""
        heard = msgspec.msgpack.decode(encode(message), type=type(message))
        match heard:
            case Hello():
                return await self._desk().greet(self._till, heard)
            case Push():
                return await self._desk().receive(self._till, heard)
            case AllowanceRequest():
                return await self._desk().answer(self._till, heard)
        raise AssertionError(message)
