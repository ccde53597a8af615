"""Recall: stock is asked home since it is wanted elsewhere; only the till's journal frees it."""

from collections.abc import Collection, Iterable

from agent.headoffice.store import allowances
from agent.headoffice.store.protocol import Row, Store


def recall(store: Store, rows: Iterable[Row]) -> int:
    """Ask for stock to come home, with the next news of each till that has it; inside `writing`.

    Returns how many of these are not home yet; asking again changes nothing.
    """
    count = 0
    for row in rows:
        count += 1
        if not row["recalled"]:
            allowances.recall(store, row["incarnation"], row["number"])
    return count


def recall_for(store: Store, member: str, wallet: str, *, but: Collection[str]) -> int:
    """Recall an account's stock wherever it lies, except with some journals; return how many come home."""
    elsewhere = (row for row in allowances.stock_of(store, member, wallet) if row["incarnation"] not in but)
    return recall(store, elsewhere)
