"""Intake: a batch is checked, put on disk and acknowledged; what it means is decided later, by booking.

Step 8 of the walk.  A batch of a fenced journal is taken too: what a replaced till sold still counts.
"""

import msgspec

from agent.headoffice.office import Office
from agent.headoffice.store import tills
from agent.journal.chain import chain_end
from agent.journal.entry import entry_from
from agent.sync.wire import Acknowledged, Fork, Gap, Push, PushAnswer, Refusal


def receive(office: Office, till: str, push: Push, raw: bytes) -> PushAnswer:
    """Take one batch of `till`; `raw` is the sealed message as it came.  One call at a time.

    The answer is ACK only after the batch lies durably in its segment.

    Raises:
        LedgerReadOnly: the disk does not take it; the till keeps it and comes again.
    """
    journal = tills.journal(office.store, push.incarnation)
    if journal is None or journal["till"] != till:
        return Refusal("unknown_journal", "this till never said HELLO with this journal")
    seq, head = office.segments.received(push.incarnation)
    if push.first_seq > seq + 1:
        return Gap(seq, head)
    if push.first_seq <= seq:
        return _repeated(office, push, seq, head)
    if push.previous_hash != head:
        return Fork(seq)
    if refusal := _refusal(push):
        return refusal
    office.segments.append(push, raw, office.now_ms())
    return Acknowledged(push.incarnation, *office.segments.received(push.incarnation))


def _repeated(office: Office, push: Push, seq: int, head: bytes) -> PushAnswer:
    """Compare what came again with what lies here: equal bytes are a repeat, others a fork.

    What a longer batch adds is not taken: the answer says how far we are, and the till goes on there.
    """
    known = office.segments.entries(push.incarnation, push.first_seq - 1)
    for here, body in zip(known, push.entries, strict=False):
        if here.body != body:
            return Fork(here.seq - 1)
    return Acknowledged(push.incarnation, seq, head)


def _refusal(push: Push) -> Refusal | None:
    """Refuse entries that do not chain or name another place; undecodable ones pass, booking parks them."""
    if chain_end(push.previous_hash, push.entries) != push.last_hash:
        return Refusal("broken_chain", "these entries do not chain to the hash that was sent")
    for seq, body in enumerate(push.entries, start=push.first_seq):
        try:
            entry = entry_from(body)
        except msgspec.DecodeError:
            continue
        if (entry.incarnation, entry.seq) != (push.incarnation, seq):
            return Refusal("misplaced_entry", f"entry {seq} calls itself {entry.incarnation}/{entry.seq}")
    return None
