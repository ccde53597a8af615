"""The pool's answers to its tills: what it decides, carried out in one durable transaction each.

Towards head office this till is a journal like any other; towards the tills of its store it plays head
office for the points it holds: S1 the same request gets the same loan, written down before it is told;
S2 a till's journal is taken in once and in order; S3 nothing comes home because time passed.
"""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import TypeVar

import structlog

from agent.ledger.ledger import Ledger
from agent.ledger.lending import Borrower, Lending, Loan
from agent.ledger.loans import peer_key
from agent.ledger.transaction import Transaction
from agent.pool.decisions import Declared, Spent, Told, to_lend, what_it_tells, why_an_old_copy, why_not_taken
from agent.sync.wire import (
    PROTOCOL,
    Acknowledged,
    Allowance,
    AllowanceAnswer,
    AllowanceRequest,
    Deny,
    Fork,
    Hello,
    HelloAnswer,
    LotSlice,
    Push,
    PushAnswer,
    Refusal,
    Welcome,
)

log = structlog.get_logger()
T = TypeVar("T")
UNKNOWN = Refusal("unknown_journal", "this till never said HELLO to the pool with this journal")


class PoolDesk:
    """Answers the tills of one store out of this till's own ledger; `today` is the shop's date."""

    def __init__(self, ledger: Ledger, *, today: Callable[[], date]) -> None:
        self._ledger = ledger
        self._today = today

    def key_of(self, till: str) -> bytes | None:
        """Return the public key of a till of this store, None for any other."""
        return peer_key(self._ledger.read, till)

    async def greet(self, till: str, hello: Hello) -> HelloAnswer:
        """Answer HELLO: a journal is taken in from where it stands when it first greets.

        Before that it can hold nothing of ours, so its earlier entries are none of our business.
        """
        if hello.protocol > PROTOCOL:
            return Refusal("upgrade_pool", f"protocol {hello.protocol} is newer than ours ({PROTOCOL})")
        return await self._write(lambda tx: _greet(tx, till, hello))

    async def receive(self, till: str, push: Push) -> PushAnswer:
        """Take a batch in: what it says of our loans, and the mark, in one transaction."""
        return await self._write(lambda tx: _receive(tx, till, push))

    async def answer(self, till: str, request: AllowanceRequest) -> AllowanceAnswer:
        """Lend, or say why not; the loan is on the disk when this returns."""
        return await self._write(lambda tx: _answer(tx, till, request, self._today()))

    async def _write(self, change: Callable[[Transaction], T]) -> T:
        return await asyncio.wrap_future(self._ledger.write(change))


def _greet(tx: Transaction, till: str, hello: Hello) -> HelloAnswer:
    lending = tx.lending
    known = lending.borrower(hello.incarnation)
    if known is not None and known.till != till:
        return Fork(0)
    if (reason := why_an_old_copy(hello, known, tx.incarnation, tx.head()[0])) and not tx.frozen():
        log.error("pool is an old copy", till=till, reason=reason)
        tx.set_mark("frozen", reason)
    if known is None:
        known = Borrower(hello.incarnation, till, hello.head_seq, hello.head_hash, fenced=False)
        lending.fence_others(till, but=hello.incarnation)
        lending.keep_borrower(known)
    if hello.head_seq == known.seq and hello.head_hash != known.hash:
        return Fork(known.seq)
    return Welcome(
        epoch=tx.mark("epoch"),
        received_seq=known.seq,
        received_hash=known.hash,
        highest_number=lending.highest(hello.incarnation),
        fenced=known.fenced,
        wall_ms=tx.now_ms(),
        giver=tx.incarnation,
    )


def _receive(tx: Transaction, till: str, push: Push) -> PushAnswer:
    lending = tx.lending
    known = lending.borrower(push.incarnation)
    if known is None or known.till != till:
        return UNKNOWN
    if tx.frozen():
        return Refusal("frozen", "this pool's ledger is not believed any more")
    if answer := why_not_taken(push, known):
        if isinstance(answer, Fork) and not known.fenced:
            log.error("till's journal forked", till=till, incarnation=push.incarnation, seq=known.seq)
            lending.keep_borrower(known._replace(fenced=True))
        return answer
    for told in what_it_tells(push.entries, tx.incarnation):
        _take_in(lending, push.incarnation, told)
    last = push.first_seq + len(push.entries) - 1
    lending.keep_borrower(known._replace(seq=last, hash=push.last_hash))
    return Acknowledged(push.incarnation, last, push.last_hash)


def _take_in(lending: Lending, holder: str, told: Told) -> None:
    """Do what a till's entry says; one that breaks a rule has no effect here, head office parks it."""
    if isinstance(told, Declared):
        numbers = [one for one in lending.open_to(holder, told.floor) if one not in told.held]
    else:
        numbers = [told.number]
    for number in numbers:
        loan = lending.loan(number)
        if loan is None or loan.holder != holder or loan.home:
            log.warning("entry about no loan of this till", incarnation=holder, number=number)
        elif not isinstance(told, Spent):
            lending.take_home(loan)
        elif not lending.note_spent(loan, told.lots):
            log.error("till spent beyond its loan", incarnation=holder, number=number)


def _answer(tx: Transaction, till: str, request: AllowanceRequest, day: date) -> AllowanceAnswer:
    lending = tx.lending
    known = lending.borrower(request.incarnation)
    if known is None or known.till != till:
        return UNKNOWN
    if known.fenced or tx.frozen():
        return Deny("fenced" if known.fenced else "frozen")
    if loan := lending.loan_of(request.incarnation, request.request_id):
        if (loan.member, loan.wallet) != (request.member, request.wallet):
            return Refusal("request_conflict", "this request id was used for another account")
        return _as_message(lending, loan)
    facts = tx.facts(request.member, day)
    if facts is not None and facts.status != "active":
        return Deny("blocked")
    return _lend(lending, request, day)


def _lend(lending: Lending, request: AllowanceRequest, day: date) -> AllowanceAnswer:
    lendable = lending.lendable(request.member, request.wallet, day)
    chosen = to_lend(lendable, request.amount, request.minimum)
    if chosen is None:
        return Deny("too_few", sum(points for one in lendable for _, points in one.lots))
    account = (request.member, request.wallet)
    return _as_message(lending, lending.lend(request.incarnation, request.request_id, account, out_of=chosen))


def _as_message(lending: Lending, loan: Loan) -> Allowance:
    lots = lending.lots(loan.number)
    return Allowance(
        incarnation=loan.holder,
        number=loan.number,
        member=loan.member,
        wallet=loan.wallet,
        amount=sum(one.amount for one in lots),
        lots=[LotSlice(one.lot, one.amount, one.active_from, one.expires_on, one.ends_at) for one in lots],
        honour_until_ms=loan.honour_until_ms,
        giver=lending.incarnation,
        of=loan.parent,
    )
