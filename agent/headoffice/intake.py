"""Intake: a batch is checked, put on disk and acknowledged; what it means is decided later, by booking.

Step 8 of the walk.  A batch from a fenced journal is taken too: what a replaced till sold still counts.
"""

import msgspec

from agent.headoffice.office import Office
from agent.headoffice.tills import till_of
from agent.journal.chain import chain_end
from agent.journal.entry import entry_from
from agent.sync.wire import Acknowledged, Fork, Gap, Push, PushAnswer, Refusal


def receive(office: Office, till: str, push: Push, raw: bytes) -> PushAnswer:
    """Take one batch of `till`; `raw` is the sealed message as it came.

    The answer is ACK only after the batch lies durably in its segment.

    Raises:
        LedgerReadOnly: the disk does not take it; the till keeps it and comes again.
    """
    if till_of(office, push.incarnation) != till:
        return Refusal("unknown_journal", "this journal was never greeted by this till: say HELLO first")
    seq, head = office.segments.received(push.incarnation)
    if push.first_seq > seq + 1:
        return Gap(seq, head)
    last_seq = push.first_seq + len(push.entries) - 1
    if push.first_seq <= seq:
        return _repeated(office, push, seq, head)
    if push.previous_hash != head:
        return Fork(seq)
    if problem := _broken(push) or _misplaced(push):
        return Refusal("broken_batch", problem)
    office.segments.append(push.incarnation, push, raw)
    return Acknowledged(push.incarnation, last_seq, push.last_hash)


def _repeated(office: Office, push: Push, seq: int, head: bytes) -> PushAnswer:
    """Compare what came again with what lies here: equal bytes are a repeat, others a fork."""
    known = dict(office.segments.entries(push.incarnation, push.first_seq - 1))
    for offset, body in enumerate(push.entries):
        number = push.first_seq + offset
        if number <= seq and known.get(number) != body:
            return Fork(number - 1)
    return Acknowledged(push.incarnation, seq, head)


def _broken(push: Push) -> str:
    if chain_end(push.previous_hash, push.entries) == push.last_hash:
        return ""
    return f"the entries from {push.first_seq} on do not chain to the hash that was sent"


def _misplaced(push: Push) -> str:
    """Say which entry names another journal or number; undecodable ones pass, booking parks them."""
    for offset, body in enumerate(push.entries):
        try:
            entry = entry_from(body)
        except msgspec.DecodeError:
            continue
        if (entry.incarnation, entry.seq) != (push.incarnation, push.first_seq + offset):
            return f"entry {push.first_seq + offset} calls itself {entry.incarnation}/{entry.seq}"
    return ""
