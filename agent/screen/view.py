"""What a screen shows, wholly worded: a page or a terminal only draws it and offers its actions.

This is between our screens and our agent, both of one version: a POS uses the calls of INTEGRATION.md.
"""

from typing import Any, Literal

import msgspec

Role = Literal["cashier", "customer"]
Tone = Literal["plain", "good", "attention", "bad"]
"""How something looks and sounds; the words say the same."""


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a table; `note` is small print ("after confirmation")."""

    text: str
    value: str = ""
    note: str = ""


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something to fill in; its value goes to `into`, a path in the action's body.

    A number is entered with `scale` decimals and sent in smallest units; `choices` are offered beside the
    pad (what to enter, and what it is called).
    """

    kind: Literal["number", "phone", "name", "tick"]
    label: str
    into: list[str | int]
    most: int = 0
    scale: int = 0
    choices: list[tuple[str, str]] = []


class Action(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something to do: the key and the words of its button, the call it makes, what to ask before."""

    key: str
    text: str
    method: str
    path: str
    body: dict[str, Any]
    title: str = ""
    fields: list[Field] = []


class Banner(msgspec.Struct, frozen=True, omit_defaults=True):
    """A state of the till: amber where the till goes on, red only where somebody must act."""

    tone: Tone
    text: str
    detail: str = ""


class Card(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whose card lies here."""

    title: str
    masked: str = ""
    tier: str = ""
    balances: list[Row] = []
    as_of: str = ""


class Basket(msgspec.Struct, frozen=True, omit_defaults=True):
    """What this receipt gives, takes and costs."""

    title: str
    due: str = ""
    rows: list[Row] = []
    gives: list[str] = []


class Hint(msgspec.Struct, frozen=True, omit_defaults=True):
    """What to say now, or what became of it; `seen` is the call of a screen that has shown it."""

    text: str
    actions: list[Action] = []
    outcome: str = ""
    seen: Action | None = None


class View(msgspec.Struct, frozen=True, omit_defaults=True):
    """A whole screen; a change of `moment` is a new occurrence, and sounds."""

    lang: str
    title: str
    place: str
    moment: str
    tone: Tone
    said: str
    labels: dict[str, str]
    training: bool = False
    banners: list[Banner] = []
    card: Card | None = None
    basket: Basket | None = None
    hints: list[Hint] = []
    actions: list[Action] = []
