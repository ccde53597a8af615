"""Tell on the event stream when head office goes or comes back, or the till stops spending or booking."""

import asyncio
from collections.abc import Callable
from typing import Any

from agent.till.events import Events

LOOK_S = 0.5


async def tell_modes(hello: Callable[[], dict[str, Any]], events: Events) -> None:
    """Compare what hello says with what it said, for ever."""
    mode = hello()["mode"]
    while True:
        await asyncio.sleep(LOOK_S)
        told = hello()
        if told["mode"] != mode:
            mode = told["mode"]
            events.publish("mode.changed", {"mode": mode, "data_age_s": told["data_age_s"]})
