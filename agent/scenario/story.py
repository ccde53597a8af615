"""What a scenario is once read: a programme, and steps in the order of the file."""

from datetime import datetime
from typing import NamedTuple


class Said(NamedTuple):
    """One indented line: where it stands, which form it has, and the words in it by name."""

    line: int
    kind: str
    words: dict[str, str]


class Facts(NamedTuple):
    """What is true of a member from here on."""

    line: int
    member: str
    said: list[Said]


class Receipt(NamedTuple):
    """Something at the till: a sale, an act without goods, a return or joining; and what must come of it."""

    line: int
    at: datetime
    member: str
    act: str
    said: list[Said]
    expected: list[tuple[int, str]]

    @property
    def title(self) -> str:
        """What a failure calls it."""
        return f"{self.at:%Y-%m-%d %H:%M} {self.member} {self.act}"


class Scenario(NamedTuple):
    """A story that starts from nothing: nobody has anything before its first line.

    `settings` take the place of the programme's own, to see what another choice would give.
    """

    file: str
    line: int
    programme: str
    title: str
    settings: dict[str, str]
    steps: list[Facts | Receipt]
