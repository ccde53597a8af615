"""What a store's pool lends to its tills, booked in whatever order their journals come.

LEND charges points of the pool's allowance to a row of its own, HOME gives back what the till left of it;
the till's REDEEM spends from the row, its CLOSE moves nothing: the pool may have taken the rest home and
lent it again.  A till may be heard of before its pool.  Then its REDEEM opens the row by its own evidence,
within what the allowance and all that was lent of it have left together: the pool's allowance itself
stands below zero until the pool's HOME comes, the sum never does.
"""

from agent.headoffice.lost import PARKED as WRITTEN_OFF
from agent.headoffice.outcomes import Parked
from agent.headoffice.store import allowances, lent, members
from agent.headoffice.store.lent import Key
from agent.headoffice.store.protocol import Row, Store
from agent.journal.entry import Entry
from agent.journal.lent import is_lent, key_of, number_of


def book_lend(store: Store, entry: Entry) -> None:
    """Book a LEND: the row is charged with what it says, or with what it adds to what was spent early.

    Raises:
        Parked: it is not the pool's to lend, or contradicts what a till spent of it; the money stays.
    """
    key = (entry.incarnation, entry.allowance)
    parent, holder = int(entry.data["of"]), str(entry.data["to"])
    if entry.allowance != number_of(entry.incarnation, entry.seq):
        raise Parked("malformed", f"a LEND that calls itself {entry.allowance}")
    _parent_of(store, (key[0], parent), entry)
    known = allowances.by_number(store, *key)
    if known is None:
        lent.add(store, key, parent, holder, account=(entry.account, entry.unit), told=True)
    elif known["told"] or (known["holder"], known["parent"]) != (holder, parent):
        raise Parked("foreign_allowance", f"{entry.allowance} was spent as another's before it was lent")
    for lot, amount in _lots(entry, "lots"):
        left = _left_by_its_word(store, (key[0], parent), lot)
        before = allowances.slice_row(store, *key, lot)
        if amount > left or (before is not None and before["amount"] > amount):
            raise Parked("beyond_allowance", f"lent {amount} of lot {lot} where {left} were left")
        lent.charge(store, key, parent, lot, amount - (before["amount"] if before else 0))
    lent.mark(store, key, "told")


def book_home(store: Store, entry: Entry) -> None:
    """Book a HOME: what the till left goes back to the pool's allowance, or is free if that was closed.

    Raises:
        Parked: this pool never lent it, or less is left of it than is said to come home.
    """
    key = (entry.incarnation, entry.allowance)
    row = allowances.by_number(store, *key)
    if row is None or not row["parent"] or not row["told"] or row["home"] or row["state"] != "OPEN":
        raise Parked("no_allowance", f"{entry.allowance} is not lent: it cannot come home")
    for lot, amount in _lots(entry, "back"):
        held = allowances.slice_row(store, *key, lot)
        left = held["amount"] - held["spent"] - held["passed"] if held else 0
        if amount > left:
            raise Parked("beyond_allowance", f"{amount} of lot {lot} home where {left} were left")
        lent.pass_on(store, key, lot, amount)
        lent.pass_on(store, (key[0], row["parent"]), lot, -amount)
    lent.mark(store, key, "home")
    settle(store, key)


def row_to_spend(store: Store, entry: Entry) -> tuple[Key, Row]:
    """Return the row that a REDEEM spends from, made now if its LEND is not booked.

    Raises:
        Parked: there is none that this till may spend from.
    """
    key = key_of(entry)
    row = allowances.by_number(store, *key)
    if row is None and is_lent(key[1]) and "pool" in entry.data:
        root = (key[0], int(entry.data["of"]))
        _parent_of(store, root, entry)
        lent.add(store, key, root[1], entry.incarnation, account=(entry.account, entry.unit), told=False)
        row = allowances.by_number(store, *key)
    if row is None or (is_lent(key[1]) and not row["parent"]):
        raise Parked("no_allowance", f"spent {-entry.amount} {entry.unit} without an allowance of ours")
    whose = members.owner_of(store, row["member"])
    is_another = row["parent"] and row["holder"] != entry.incarnation
    if is_another or (whose, row["wallet"]) != (entry.account, entry.unit):
        raise Parked("foreign_allowance", f"allowance {key[1]} belongs to another account or till")
    if row["state"] != "OPEN" or row["given_back"]:
        raise Parked("closed_allowance", f"allowance {key[1]} was given back before")
    return key, row


def left_to_spend(store: Store, key: Key, row: Row, lot: str) -> int:
    """Return how much of a lot may be spent under an allowance: never more than it and its loans have left.

    Below its LEND a till may spend by its own evidence what the whole has left.
    """
    root = (key[0], row["parent"] or key[1])
    if row["parent"] and not row["told"]:
        return lent.open_left(store, root, lot)
    held: Row | None = allowances.slice_row(store, *key, lot)
    if held is None:
        return 0
    if row["parent"]:
        left = int(held["amount"] - held["spent"] - held["passed"])
    elif held["passed"]:
        left = _left_by_its_word(store, key, lot)
    else:
        return int(held["amount"] - held["spent"])
    return min(left, lent.open_left(store, root, lot))


def spend(store: Store, key: Key, row: Row, lot: str, amount: int) -> None:
    """Spend points of one lot from a row; under a LEND not booked yet they are charged to it first."""
    if row["parent"] and not row["told"]:
        lent.charge(store, key, row["parent"], lot, amount)
    allowances.spend(store, (*key, lot), amount)


def settle(store: Store, key: Key) -> None:
    """Close a lent row that is home and wholly spent or given back: nothing hangs on it any more."""
    row = allowances.by_number(store, *key)
    if row is not None and row["home"] and not lent.has_left(store, key):
        allowances.close(store, *key)


def book_close(store: Store, entry: Entry) -> None:
    """Book a CLOSE: head office's own allowance frees what it has left, a lent one is only marked.

    Raises:
        Parked: it was never given, it is another till's, or more was drawn ahead of it than it has.
    """
    key = key_of(entry) if entry.allowance else (entry.incarnation, int(entry.part or 0))
    row = allowances.by_number(store, *key)
    if is_lent(key[1]):
        if "pool" not in entry.data or (row is not None and row["holder"] != entry.incarnation):
            raise Parked("foreign_allowance", f"allowance {key[1]} is not this till's to give back")
        if row is not None:
            lent.mark(store, key, "given_back")
        return
    if row is None:
        raise Parked("no_allowance", f"allowance {key[1]} was never given")
    if below := lent.lots_below_zero(store, key):
        raise Parked("beyond_allowance", f"more of lot {below[0]['lot']} was lent than there was")
    allowances.close(store, *key)


def _parent_of(store: Store, root: Key, entry: Entry) -> None:
    """Refuse what is lent out of no open allowance of this account."""
    row = allowances.by_number(store, *root)
    if row is None or is_lent(root[1]):
        raise Parked("no_allowance", f"lent out of {root[1]}, which {root[0]} never got")
    if (members.owner_of(store, row["member"]), row["wallet"]) != (entry.account, entry.unit):
        raise Parked("foreign_allowance", f"allowance {root[1]} belongs to another account")
    if row["state"] == "WRITTEN_OFF":
        raise Parked(WRITTEN_OFF, f"lent out of {root[1]}, which two people gave up")
    if row["state"] != "OPEN":
        raise Parked("closed_allowance", f"allowance {root[1]} was given back before")


def _left_by_its_word(store: Store, root: Key, lot: str) -> int:
    """Return what an allowance has left by its own journal: what tills drew ahead of it is not told yet."""
    held = allowances.slice_row(store, *root, lot)
    if held is None:
        return 0
    return int(held["amount"] - held["spent"] - held["passed"]) + lent.drawn_ahead(store, root, lot)


def _lots(entry: Entry, name: str) -> list[tuple[str, int]]:
    found = [(str(lot), int(amount)) for lot, amount in entry.data[name]]
    if any(amount <= 0 for _, amount in found) or len({lot for lot, _ in found}) != len(found):
        raise Parked("malformed", f"{entry.kind} names a lot twice, or no points of it")
    return found
