"""What pools lend out of their allowances: rows beside those that head office gave, each with its parent.

Points that a row passed on (`passed`) are charged elsewhere: a parent's to what was lent of it, a lent
row's to its parent again.  Left of a row is amount - spent - passed.
"""

from collections.abc import Sequence

from agent.headoffice.store.protocol import Row, Store

Key = tuple[str, int]
"""The journal an allowance was given to (of lent ones: the pool's), and the number."""


def add(store: Store, key: Key, parent: int, holder: str, *, account: tuple[str, str], told: bool) -> None:
    """Begin a lent row; `told` by its pool's LEND, otherwise by a till that spent of it first."""
    store.run(
        "INSERT INTO allowance (incarnation, number, request_id, member, wallet, issued, issued_ms,"
        " honour_until_ms, state, parent, holder, told) VALUES (?, ?, ?, ?, ?, 0, 0, 0, 'OPEN', ?, ?, ?)",
        (*key, f"lent/{key[1]}", *account, parent, holder, int(told)),
    )


def charge(store: Store, key: Key, parent: int, lot: str, amount: int) -> None:
    """Charge points of one lot to a lent row, off its parent."""
    store.run("UPDATE allowance SET issued = issued + ? WHERE incarnation = ? AND number = ?", (amount, *key))
    store.run(
        "INSERT INTO allowance_lot (incarnation, number, lot, amount) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (incarnation, number, lot) DO UPDATE SET amount = amount + excluded.amount",
        (*key, lot, amount),
    )
    pass_on(store, (key[0], parent), lot, amount)


def pass_on(store: Store, key: Key, lot: str, amount: int) -> None:
    """Note that a row passed points of one lot on (below zero: got them back)."""
    store.run(
        "UPDATE allowance_lot SET passed = passed + ? WHERE incarnation = ? AND number = ? AND lot = ?",
        (amount, *key, lot),
    )


def mark(store: Store, key: Key, column: str) -> None:
    """Note that a lent row was `told`, is `home`, or was `given_back` by its till."""
    assert column in {"told", "home", "given_back"}
    store.run(f"UPDATE allowance SET {column} = 1 WHERE incarnation = ? AND number = ?", key)  # noqa: S608


def open_left(store: Store, key: Key, lot: str) -> int:
    """Return what one of head office's allowances and all that was lent of it have left of a lot."""
    row = store.row(
        "SELECT COALESCE(sum(s.amount - s.spent - s.passed), 0) AS points FROM allowance a"
        " JOIN allowance_lot s ON s.incarnation = a.incarnation AND s.number = a.number"
        " WHERE a.incarnation = ? AND (a.number = ? OR a.parent = ?) AND a.state = 'OPEN' AND s.lot = ?",
        (*key, key[1], lot),
    )
    assert row is not None
    return int(row["points"])


def drawn_ahead(store: Store, key: Key, lot: str) -> int:
    """Return what tills spent of a lot under LENDs of this allowance that have not been booked."""
    row = store.row(
        "SELECT COALESCE(sum(s.amount), 0) AS points FROM allowance a JOIN allowance_lot s"
        " ON s.incarnation = a.incarnation AND s.number = a.number"
        " WHERE a.incarnation = ? AND a.parent = ? AND a.told = 0 AND s.lot = ?",
        (*key, lot),
    )
    assert row is not None
    return int(row["points"])


def has_left(store: Store, key: Key) -> bool:
    """Tell whether a row has anything left, or is below zero."""
    found = store.row(
        "SELECT 1 FROM allowance_lot WHERE incarnation = ? AND number = ? AND amount <> spent + passed", key
    )
    return found is not None


def lots_below_zero(store: Store, key: Key) -> Sequence[Row]:
    """Return the lots of which more was passed on than a row has."""
    return store.rows(
        "SELECT lot FROM allowance_lot WHERE incarnation = ? AND number = ? AND amount < spent + passed", key
    )
