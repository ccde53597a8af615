"""Who does best and worst at the counter, by the share of receipts with a member and of prompts taken.

Those with few receipts or prompts are not ranked: one of one is no share.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

FEWEST = 20
"""So many receipts, or prompts shown, a share is taken of at least."""
PLACES = 3


def ranking(
    shops: Iterable[Mapping[str, Any]],
    cashiers: Iterable[Mapping[str, Any]],
    prompts: Iterable[Mapping[str, Any]],
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Return the three best and the three worst, nobody twice, of a report's own rows."""
    taken: dict[str, list[int]] = {}
    for row in prompts:
        sums = taken.setdefault(row["cashier"], [0, 0])
        sums[0] += row["taken"]
        sums[1] += row["shown"]
    return {
        "shops": _ends([(row["store"], row["identified"], row["receipts"]) for row in shops]),
        "cashiers": _ends(
            [(f"{row['store']}/{row['cashier']}", row["identified"], row["receipts"]) for row in cashiers]
        ),
        "prompts": _ends([(name, sums[0], sums[1]) for name, sums in taken.items()]),
    }


def _ends(rows: Sequence[tuple[str, int, int]]) -> dict[str, list[dict[str, Any]]]:
    shares = [(part * 1000 // of, of, who) for who, part, of in rows if of >= FEWEST]
    shares.sort(key=lambda one: (-one[0], -one[1], one[2]))
    ranked = [{"who": who, "of": of, "permille": share} for share, of, who in shares]
    return {"best": ranked[:PLACES], "worst": ranked[PLACES:][::-1][:PLACES]}
