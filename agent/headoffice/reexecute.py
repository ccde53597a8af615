"""Every receipt is evaluated again: same facts, same programme, same moment, so the same quote (P7).

The stored facts decide, not head office's: whether those were stale is another question, asked when
booking.
"""

import msgspec

from agent.errors import DocumentError
from agent.headoffice.booking import Finding
from agent.headoffice.shapes import ReceiptData, receipt_data
from agent.headoffice.store import programmes
from agent.headoffice.store.protocol import Store
from agent.journal.entry import Entry
from agent.loyalty.afterwards.return_policy import without_original
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.evaluate import evaluate
from agent.loyalty.language.read import load_programme
from agent.loyalty.quote import Quote
from agent.loyalty.unquoted import earning_only

KEPT_PROGRAMMES = 32
LONGEST_PART = 300


class Judge:
    """Evaluates receipts again; keeps the last programmes compiled."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._compiled: dict[tuple[str, int], Compiled] = {}

    def __call__(self, entry: Entry) -> list[Finding]:
        """Say in what the till's quote disagrees with ours; nothing if it agrees."""
        try:
            data = receipt_data(entry)
        except msgspec.ValidationError:
            return []  # booking parks it and says so
        if data.quote is None or not data.quote.programme.id:
            return []  # nothing was promised
        named = data.quote.programme
        compiled = self._programme((named.id, named.version))
        if compiled is None:
            return [
                Finding("programme_unknown", f"{named.id} version {named.version} was not published here")
            ]
        if named.hash != compiled.programme.hash:
            return [Finding("programme_differs", f"{named.id} version {named.version} is another text there")]
        return evaluated_again(compiled, data)

    def _programme(self, named: tuple[str, int]) -> Compiled | None:
        if named not in self._compiled:
            row = programmes.programme_row(self._store, *named)
            if row is None:
                return None
            if len(self._compiled) >= KEPT_PROGRAMMES:
                self._compiled.clear()
            try:
                text = load_programme(bytes(row["text"]), name=f"{named[0]}.toml")
            except DocumentError:
                return None
            self._compiled[named] = compile_programme(text)
        return self._compiled[named]


def evaluated_again(compiled: Compiled, data: ReceiptData) -> list[Finding]:
    """Say in what a receipt's quote disagrees with what these rules give for its own facts."""
    try:
        rules = earning_only(compiled) if data.unquoted else compiled
        ours = evaluate(rules, data.facts, data.basket, data.at, draw=data.draw)
        out = without_original(compiled, data.facts, data.basket, data.at).earned
    except (ValueError, TypeError, LookupError, ArithmeticError) as failure:
        # A quote exists where none can be made; whoever wrote it, booking goes on.
        return [Finding("difference", f"cannot be evaluated: {type(failure).__name__}: {failure}")]
    findings = _compare(data, ours)
    if out != data.taken_out:
        told = f"goods without their receipt take out {data.taken_out}, ours {out}"
        findings.append(Finding("difference", told))
    return findings


def _compare(data: ReceiptData, ours: Quote) -> list[Finding]:
    assert data.quote is not None
    theirs, ours = _comparable(data.quote), _comparable(ours)
    parts = [
        f"{name}: {_short(theirs, name)}, ours {_short(ours, name)}"
        for name in Quote.__struct_fields__
        if _plain(getattr(theirs, name)) != _plain(getattr(ours, name))
    ]
    return [Finding("difference", "; ".join(parts))] if parts else []


def _comparable(quote: Quote) -> Quote:
    """Leave out what a till adds to the answer of `evaluate`, and what was only said: no book rests on it.

    The till's seal and that points are provisional; prompts, of which each version may know more.
    """
    wallets = [msgspec.structs.replace(wallet, provisional=False) for wallet in quote.wallets]
    gives = [msgspec.structs.replace(give, provisional=False) for give in quote.gives]
    return msgspec.structs.replace(quote, etag="", wallets=wallets, gives=gives, prompts=[])


def _short(quote: Quote, name: str) -> str:
    text = msgspec.json.encode(getattr(quote, name)).decode()
    return text if len(text) <= LONGEST_PART else text[:LONGEST_PART] + "…"


def _plain(part: object) -> bytes:
    """Compare as they travel: a value stored as a date and one stored as its text are the same."""
    return msgspec.json.encode(part, order="sorted")
