"""The programme in force: compiled once when it arrives, swapped between two calls."""

from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.language.read import load_programme


class CurrentProgramme:
    """Holds the compiled programme; the till asks it at each quote."""

    def __init__(self) -> None:
        self._compiled: Compiled | None = None

    def __call__(self) -> Compiled | None:
        """Return the programme in force, none before the first has arrived."""
        return self._compiled

    def use(self, text: bytes, name: str) -> None:
        """Put this programme in force.

        Raises:
            DocumentError: its text holds mistakes; the one in force stays.
        """
        self._compiled = compile_programme(load_programme(text, name=name))
