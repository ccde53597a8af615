"""Numbers of what a store's pool lends: told from head office's own by their size, and by who gave them.

Head office numbers the allowances of each journal 1, 2, 3 …, always below 2**40.  A pool names what it
lends after the entry that says so: thirteen bits of its journal's name, then the entry's number.
"""

from agent.journal.entry import Entry

FIRST = 2**40
_NAMES = 2**13 - 1


def number_of(incarnation: str, seq: int) -> int:
    """Return the number of what the pool with this journal lends by entry `seq`; it fits 53 bits.

    >>> number_of("0" * 31 + "1", 5) == 2 * FIRST + 5
    True
    """
    return (1 + int(incarnation, 16) % _NAMES) * FIRST + seq


def is_lent(number: int) -> bool:
    """Tell whether an allowance was lent by a pool; the others are head office's."""
    return number >= FIRST


def seq_of(number: int, incarnation: str) -> int:
    """Return the entry by which this pool lent a number, 0 if it is none of its numbers."""
    seq = number % FIRST
    return seq if number_of(incarnation, seq) == number else 0


def key_of(entry: Entry) -> tuple[str, int]:
    """Return the journal that the entry's allowance was given to or is lent by, and its number."""
    giver = str(entry.data.get("pool", "")) if is_lent(entry.allowance) else ""
    return giver or entry.incarnation, entry.allowance
