"""What people see: a bar a policy, and what it costs."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from agent.loyalty.offline import WorstLoss
from scripts.honouring.cases import AT_THE_WISH, CUTS
from scripts.honouring.year import Outcome

WIDTH = 20
CUT_NAMES = {AT_THE_WISH: "at the wish", 1: "a day", 7: "a week"}


def percent(part: int, whole: int) -> float:
    """Return a share in per cent with one decimal, 0 of nothing.

    >>> percent(1, 3), percent(0, 0)
    (33.3, 0.0)
    """
    return round(100 * part / whole, 1) if whole else 0.0


def bar(share: float) -> str:
    """Return a bar that is full at 100 per cent.

    >>> bar(52.5)
    '██████████▌         '
    """
    halves = round(share * 2 * WIDTH / 100)
    return ("█" * (halves // 2) + "▌" * (halves % 2)).ljust(WIDTH)


def show(outcomes: Mapping[str, Mapping[int, Outcome]], bounds: Mapping[str, WorstLoss]) -> None:
    """Print one row for each policy and length of a cut; the bound is of all tills in one cut."""
    table = Table("policy", "cut", "met in full", "", "points", "overspent", "worst cut", "bound", "debts")
    for name, by_days in outcomes.items():
        for days in CUTS:
            one = by_days[days]
            full = percent(one.in_full, one.wishes)
            table.add_row(
                name if days == CUTS[0] else "", CUT_NAMES[days], bar(full), f"{full} %",
                f"{percent(one.honoured, one.wished)} %", f"{one.overspent:,}", f"{one.worst_cut:,}",
                f"{bounds[name].fleet:,}", f"{one.debts:,}",
            )  # fmt: skip
        table.add_section()
    Console(width=124).print(table)
