"""Why a rule may not speak: a code of the reasons and the values its sentence needs."""

from collections.abc import Callable
from typing import Any

from agent.loyalty.state import State

Refusal = tuple[str, dict[str, Any]]
Condition = Callable[[State], Refusal | None]
"""Answers None where it holds."""
