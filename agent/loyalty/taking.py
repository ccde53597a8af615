"""What a rule offers to take off: sparse, since most rules concern few lines."""

from collections.abc import Collection
from typing import NamedTuple

Rest = tuple[int, int]
"""An exact number as numerator and denominator, not reduced: cheaper than a Fraction on the main path."""


class Taking(NamedTuple):
    """What a rule would take off: minor units by line; `rests` are the unrounded rests it leaves there.

    `used` are pieces that a bundle keeps from other bundles, `free` pieces that cost nothing any more.
    """

    parts: dict[int, int]
    rests: dict[int, Rest] | None = None
    used: dict[int, int] | None = None
    free: dict[int, int] | None = None

    @property
    def total(self) -> int:
        """The whole of it, by which `best` compares."""
        return sum(self.parts.values())

    def lines(self) -> list[int]:
        """Return the positions for which it offers something."""
        return [at for at, part in self.parts.items() if part]

    def share(self, at: int) -> int:
        """Return its part of a line."""
        return self.parts.get(at, 0)

    def only(self, lines: Collection[int]) -> "Taking":
        """Return what is left of it when it is to keep to these lines."""
        return Taking(
            {at: part for at, part in self.parts.items() if at in lines},
            self.rests and {at: rest for at, rest in self.rests.items() if at in lines},
            self.used and {at: pieces for at, pieces in self.used.items() if at in lines},
            self.free and {at: pieces for at, pieces in self.free.items() if at in lines},
        )
