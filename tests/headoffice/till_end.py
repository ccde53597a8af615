"""The till's end of the wire for these tests: a journal in memory, real signatures, real evaluation."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.headoffice import intake, tills
from agent.headoffice.booking import Finding, book_all
from agent.headoffice.office import Office
from agent.headoffice.reexecute import Judge
from agent.journal.chain import chain_end, genesis
from agent.journal.entry import Entry, canonical_bytes
from agent.loyalty.basket import Basket, Line
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.evaluate import evaluate
from agent.loyalty.language.read import load_programme
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import Quote
from agent.sync.signing import seal
from agent.sync.wire import PATHS, Enrolled, EnrolRequest, Hello, Push, PushAnswer, Welcome, encode

PROGRAMME = (
    Path(__file__).resolve().parents[2] / "config" / "programmes" / "household-club.toml"
).read_bytes()
NOON = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)


class StillClock:
    """A clock that moves when told to."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    def advance(self, **span: float) -> None:
        self.at += timedelta(**span)


def compiled() -> Compiled:
    return compile_programme(load_programme(PROGRAMME, name="household-club.toml"))


def basket(receipt: str, *amounts: int, redeem: int = 0, at: datetime = NOON, store: str = "12") -> Basket:
    return Basket(
        receipt_id=receipt,
        sold_at=at,
        store=store,
        till="12-1",
        cashier="anna",
        currency="USD",
        lines=[
            Line(line=number, sku=f"sku-{number}", group="GROCERY", amount_minor=amount)
            for number, amount in enumerate(amounts, start=1)
        ],
        redeem={"points": redeem} if redeem else {},
    )


def receipt_data(bought: Basket, quote: Quote, facts: MemberFacts | None) -> dict[str, Any]:
    return {
        "basket": msgspec.to_builtins(bought),
        "quote": msgspec.to_builtins(quote),
        "at": bought.sold_at.isoformat(),
        "tz": "America/New_York",
        "identified_by": {"entry_mode": "Scanned", "tag": "ab" * 16} if facts else None,
        "facts": msgspec.to_builtins(facts) if facts else None,
    }


class TillEnd:
    """One till with its key and one journal."""

    def __init__(self, name: str = "12-1", incarnation: str = "a" * 32) -> None:
        self.name = name
        self.incarnation = incarnation
        self.key = Ed25519PrivateKey.generate()
        self.bodies: list[bytes] = []

    def enrol(self, office: Office, store: str = "12") -> Enrolled:
        code = tills.add_till(office, store, self.name)
        answer = tills.enrol(office, EnrolRequest(code, self.key.public_key().public_bytes_raw()))
        assert isinstance(answer, Enrolled)
        return answer

    def hello(self) -> Hello:
        return Hello(
            self.incarnation, len(self.bodies), self.hash_at(len(self.bodies)), program_version="0.1"
        )

    def greet(self, office: Office) -> Welcome:
        answer = tills.greet(office, self.name, self.hello())
        assert isinstance(answer, Welcome)
        return answer

    def hash_at(self, seq: int) -> bytes:
        return chain_end(genesis(self.incarnation), self.bodies[:seq])

    def add(self, kind: str, **fields: Any) -> Entry:
        entry = Entry(self.incarnation, len(self.bodies) + 1, kind, **fields)
        self.bodies.append(canonical_bytes(entry))
        return entry

    def lot(self) -> str:
        """Name the lot that the next entry would make."""
        return f"{self.incarnation[:8]}-{len(self.bodies) + 1}"

    def sell(
        self,
        bought: Basket,
        facts: MemberFacts | None = None,
        *,
        allowance: int = 0,
        change: Any = lambda quote: quote,
    ) -> list[Entry]:
        """Write a receipt as the till does: RECEIPT, EARN, REDEEM, COUNT, CLOSE."""
        at = bought.sold_at
        quote: Quote = change(evaluate(compiled(), facts, bought, at))
        member = facts.member if facts else ""
        common = {
            "receipt": bought.receipt_id,
            "account": member,
            "at": at.isoformat(),
            "actor": bought.cashier,
        }
        data = receipt_data(bought, quote, facts)
        entries = [self.add("RECEIPT", **common, data=data)]
        if facts is None:
            return entries
        entries += [
            self.add(
                "EARN",
                **common,
                part=f"{lot.wallet}/{lot.expires_on}",
                unit=lot.wallet,
                amount=lot.points,
                lots=[(self.lot(), lot.points)],
                data={"active_from": lot.active_from, "expires_on": lot.expires_on},
            )
            for lot in quote.lots
        ]
        for wallet in quote.wallets:
            if wallet.redeem:
                entries.append(self.redeem(common, wallet.redeem, facts, allowance))
        day = at.date().isoformat()
        entries += [
            self.add("COUNT", **common, part=count.rule, data={**msgspec.to_builtins(count), "day": day})
            for count in quote.counts
        ]
        if allowance:
            entries.append(self.add("CLOSE", **common, part=str(allowance), allowance=allowance))
        return entries

    def redeem(self, common: dict[str, str], points: int, facts: MemberFacts, allowance: int) -> Entry:
        lots, left = [], points
        for lot in facts.wallets["points"].lots:
            part = min(left, lot.amount)
            left -= part
            if part:
                lots.append((lot.lot, -part))
        part_name = f"points/{allowance}"
        return self.add(
            "REDEEM", **common, part=part_name, unit="points", amount=-points, lots=lots, allowance=allowance
        )

    def reverse(self, original: Entry, part: str, lots: list[tuple[str, int]] | None = None) -> Entry:
        """Undo an entry, wholly unless `lots` say how much."""
        undone = [(lot, -amount) for lot, amount in original.lots] if lots is None else lots
        data: dict[str, Any] = {"undoes": original.kind, "of": [original.incarnation, original.seq]}
        if original.kind == "COUNT":
            data |= {"rule": original.part, "size": original.data["size"], "day": original.data["day"]}
            data |= {key: -original.data[key] for key in ("units", "rewards")}
        return self.add(
            "REVERSE",
            receipt=original.receipt,
            part=part,
            account=original.account,
            unit=original.unit,
            amount=sum(amount for _, amount in undone),
            lots=undone,
            data=data,
        )

    def batch(self, first: int = 1, last: int | None = None) -> Push:
        last = len(self.bodies) if last is None else last
        return Push(
            incarnation=self.incarnation,
            first_seq=first,
            previous_hash=self.hash_at(first - 1),
            entries=self.bodies[first - 1 : last],
            last_hash=self.hash_at(last),
        )

    def sealed(self, push: Push) -> bytes:
        return encode(seal(self.name, PATHS[Push], encode(push), self.key))

    def push(self, office: Office, first: int | None = None, last: int | None = None) -> PushAnswer:
        """Send what is new, or the entries named."""
        first = office.segments.received(self.incarnation)[0] + 1 if first is None else first
        batch = self.batch(first, last)
        return intake.receive(office, self.name, batch, self.sealed(batch))


def agree(_: Entry) -> list[Finding]:
    """Judge nothing: for tests that are about booking alone."""
    return []


def book(office: Office) -> int:
    """Book all that was received, evaluating receipts again."""
    return book_all(office.store, office.segments, Judge(office.store))


def rows(office: Office, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in office.store.rows(sql, values)]


def differences(office: Office) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in rows(office, "SELECT kind, detail FROM difference ORDER BY id")]
