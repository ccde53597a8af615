"""The models, the bounds of their worlds, and how many states each world has.

Another count than the one given here means another model: whoever changes a rule says so by its number.
"""

from dataclasses import dataclass

TEST_MEGABYTES, LARGE_MEGABYTES = 700, 4000


@dataclass(frozen=True)
class World:
    """Bounds of one exhaustive search."""

    states: int
    """How many the sound protocol reaches."""
    bounds: tuple[str, ...] = ()
    """`NAME=VALUE` instead of the model's own defaults."""
    is_large: bool = False

    @property
    def megabytes(self) -> int:
        """The most memory that a search may take."""
        return LARGE_MEGABYTES if self.is_large else TEST_MEGABYTES


@dataclass(frozen=True)
class Model:
    """One file `NAME.pml`: a small world for the tests, a large one for `scripts/faults models`."""

    name: str
    small: World
    large: World


def _large(states: int, *bounds: str) -> World:
    return World(states, bounds, is_large=True)


MODELS = (
    Model("strict", World(371_975, ("ENTRIES=2",)), _large(2_400_348)),
    Model("pool", World(875_907, ("POINTS=1",)), _large(14_205_627, "WRITES=3")),
    Model("lots", World(9_649), _large(167_390, "LOT=2", "ENTRIES=6")),
    Model("forks", World(195_262), _large(1_858_050, "POINTS=4", "ENTRIES=4")),
    Model("late", World(15_747), _large(2_749_080, "POINTS=4", "ENTRIES=5")),
    Model("write_off", World(7_563), _large(100_855, "POINTS=5", "ENTRIES=7")),
    Model("reverse", World(1_987), _large(3_336_471, "POINTS=4", "ENTRIES=9")),
    Model("stock", World(13_303), _large(453_138, "POINTS=4", "ENTRIES=7")),
    Model("restored", World(4_293), _large(100_169, "POINTS=4", "ENTRIES=6")),
)
