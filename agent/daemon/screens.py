"""What the POS's doors serve: its interface, and the screens before it."""

from collections.abc import Callable
from typing import Any

from agent.clock import Clock
from agent.config.till import TillConfig
from agent.daemon.wiring import Till, settings_of
from agent.ledger.ledger import Ledger
from agent.screen.door import PAGES, with_screens
from agent.screen.present import Presence
from agent.till.api import build_app
from agent.till.guard import App

__all__ = ["PAGES", "app_of"]


def app_of(
    till: Till, ledger: Ledger, config: TillConfig, clock: Clock, devices: Callable[[], list[dict[str, Any]]]
) -> App:
    """Put the application together; the screens see every event from now on."""
    presence = Presence(
        till.quoter,
        ledger.read,
        clock=clock,
        settings=settings_of(config),
        time_zone=config.till.time_zone,
        hello=till.checkout.hello,
    )
    till.events.witness = presence.scene.hear
    return with_screens(build_app(till.checkout, devices), presence, devices)
