"""A greeting by name: asked for when a card is shown, told to the screens of this till, kept nowhere.

Off unless `pos.greeting` says so.  The name is in no event that leaves this process, in no log and no
file; it lies in the screens' memory until the receipt is over or the next card comes.
"""

from collections.abc import Awaitable, Callable

from agent.till.events import Events
from agent.till.shown import is_shown
from agent.till.tokens import TokenSeal

GREETED = "member.greeted"
AskName = Callable[[bytes], Awaitable[str]]
"""Asks head office by what name the holder of a tag may be greeted; empty: none."""


class Greeter:
    """Asks for the names of those who show a card."""

    def __init__(self, seal: TokenSeal, events: Events, ask_name: AskName) -> None:
        self._seal = seal
        self._events = events
        self._ask_name = ask_name

    async def greet(self, token: str) -> None:
        """Let the screens greet whom a token names; not who only gave a number that anybody may know."""
        known = self._seal.open(token)
        if known is None or not known.member or not is_shown(known):
            return
        if name := await self._ask_name(known.tag):
            here = {"identification_id": token, "greeting": name}
            self._events.publish(GREETED, {"masked": known.masked}, here=here)
