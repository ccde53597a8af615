"""What a pool decides: out of which allowance it lends, what a till's entries mean to it.  Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from agent.journal.chain import chain_end
from agent.journal.entry import Entry, entry_from
from agent.journal.lent import is_lent, seq_of
from agent.journal.vouchers import spent_of_allowance
from agent.ledger.lending import Borrower, Lendable, LotAmounts
from agent.sync.wire import Acknowledged, Fork, Gap, Hello, Push, PushAnswer, Refusal


class Spent(NamedTuple):
    """A till spent points of a loan."""

    number: int
    lots: LotAmounts


class GivenBack(NamedTuple):
    """A till will spend nothing more of a loan."""

    number: int


class Declared(NamedTuple):
    """A till holds, of what it was lent up to `floor`, only these; it takes the others in no more."""

    floor: int
    held: frozenset[int]


Told = Spent | GivenBack | Declared


def to_lend(lendable: Sequence[Lendable], amount: int, minimum: int) -> Lendable | None:
    """Choose what to lend: of the allowance that has most, its first-expiring lots up to `amount`.

    None if no allowance has `minimum`.
    """
    best = max(lendable, key=lambda one: (_points(one.lots), -one.number), default=None)
    if best is None or min(_points(best.lots), amount) < max(minimum, 1):
        return None
    taken: LotAmounts = []
    for lot, points in best.lots:
        part = min(points, amount)
        if part:
            taken.append((lot, part))
        amount -= part
    return Lendable(best.number, taken)


def what_it_tells(bodies: Iterable[bytes], pool: str) -> Iterator[Told]:
    """Yield what entries of a till say of loans of this pool; all others are none of its business.

    What cannot be read, or is not what its kind should be, is passed over: head office parks it.
    """
    for body in bodies:
        try:
            entry = entry_from(body)
            told = _told(entry) if entry.data.get("pool") == pool else None
        except (msgspec.DecodeError, LookupError, TypeError, ValueError):
            continue
        if told is not None:
            yield told


def why_not_taken(push: Push, known: Borrower) -> PushAnswer | None:
    """Return the answer to a batch that is not to be taken in, None if it follows what is known.

    What came before is compared by its hash where the batch reaches the mark: the pool keeps no bodies.
    """
    if push.first_seq > known.seq + 1:
        return Gap(known.seq, known.hash)
    upto = known.seq - push.first_seq + 1
    if upto <= len(push.entries) and chain_end(push.previous_hash, push.entries[:upto]) != known.hash:
        return Fork(known.seq)
    if upto:
        return Acknowledged(push.incarnation, known.seq, known.hash)
    if chain_end(push.previous_hash, push.entries) != push.last_hash:
        return Refusal("broken_chain", "these entries do not chain to the hash that was sent")
    return None


def why_an_old_copy(hello: Hello, known: Borrower | None, pool: str, head_seq: int) -> str:
    """Say why a till's greeting shows that this pool's ledger is an old copy of itself, or nothing."""
    if hello.pool != pool:
        return ""  # it speaks of another one, and comes from there
    seq = seq_of(hello.highest_number, pool)
    if seq > head_seq:
        return f"a till holds what entry {seq} lent, this ledger ends at {head_seq}: an old copy came back"
    taken = hello.head_seq - hello.backlog
    if known is not None and taken > known.seq:
        return f"a till was told that {taken} of its entries are here, {known.seq} are: an old copy came back"
    return ""


def _told(entry: Entry) -> Told | None:
    match entry.kind:
        case "REDEEM" | "COUPON" if is_lent(entry.allowance):
            spent = spent_of_allowance(entry)
            return Spent(entry.allowance, [(lot, -amount) for lot, amount in spent if amount < 0])
        case "CLOSE" if is_lent(entry.allowance):
            return GivenBack(entry.allowance)
        case "DECLARE":
            return Declared(int(entry.data["floor"]), frozenset(int(one) for one in entry.data["held"]))
        case _:
            return None


def _points(lots: LotAmounts) -> int:
    return sum(points for _, points in lots)
