"""Every error this program raises, in one tree.

    LoyaltyError
    ├── DocumentError      a basket, programme, configuration or message is not what it should be
    ├── ConfigurationError the machine is not set up so that we could run
    ├── LedgerError
    │   ├── LedgerBusy     another process writes this ledger
    │   ├── LedgerDamaged  what lies on disk contradicts itself
    │   ├── LedgerReadOnly it cannot be written now (disk full, failed sync)
    │   └── LedgerForeign  not our file, or of a newer program
    ├── Refused            the rules of the trade say no (a stable code for the POS)
    │   └── Conflict       the same id came with other content
    └── SyncError
        ├── Unreachable    head office did not answer in time
        └── Rejected       head office answered no

Each carries `code` (stable, for the POS and for logs), `retry` (may the same call go through later?)
and `remedy` (what to do now).  An expected outcome, an unknown card say, is a return value, no error.
"""

from typing import Any, ClassVar, NamedTuple


class Mistake(NamedTuple):
    """One thing wrong in a document: where, a stable code, its values, and what to do about it."""

    pointer: str
    code: str
    values: dict[str, Any]
    remedy: str

    def as_json(self) -> dict[str, Any]:
        """Return the shape in which every door reports mistakes."""
        return {"pointer": self.pointer, "code": self.code, "values": self.values, "remedy": self.remedy}


class LoyaltyError(Exception):
    """The root: something that should not happen did, and this says what, where and what to do."""

    code: ClassVar[str] = "error"
    retry: ClassVar[bool] = False

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    def __str__(self) -> str:
        """Return the message with its remedy, one sentence each."""
        message = super().__str__()
        return f"{message}; {self.remedy}" if self.remedy else message


class DocumentError(LoyaltyError):
    """A document holds mistakes; all of them are listed at once."""

    code = "malformed"

    def __init__(self, what: str, mistakes: list[Mistake]) -> None:
        count = len(mistakes)
        first = f"{mistakes[0].pointer or '/'}: {mistakes[0].code}" if mistakes else "no detail"
        super().__init__(f"{what} has {count} mistake{'s' if count != 1 else ''} (first: {first})")
        self.what = what
        self.mistakes = mistakes

    def __reduce__(self) -> tuple[type["DocumentError"], tuple[str, list[Mistake]]]:
        """Travel from a worker process with every mistake."""
        return type(self), (self.what, self.mistakes)


class ConfigurationError(LoyaltyError):
    """The machine is not set up so that the program could run."""

    code = "configuration"


class LedgerError(LoyaltyError):
    """The ledger file cannot serve."""

    code = "ledger"


class LedgerBusy(LedgerError):
    """Another process holds the ledger; only one may write it."""

    code = "ledger_busy"


class LedgerDamaged(LedgerError):
    """What lies on disk contradicts itself; nothing is changed, spending stops."""

    code = "ledger_damaged"


class LedgerReadOnly(LedgerError):
    """Nothing can be written now; the POS keeps the receipt and repeats the call."""

    code = "ledger_read_only"
    retry = True


class LedgerForeign(LedgerError):
    """The file is not ours, or a newer program wrote it; it is left untouched."""

    code = "ledger_foreign"


class Refused(LoyaltyError):
    """The rules of the trade say no; `code` tells the POS which."""

    code = "refused"

    def __init__(self, code: str, message: str, *, remedy: str = "", **values: object) -> None:
        super().__init__(message, remedy=remedy)
        self.refusal = code
        self.values = values


class Conflict(Refused):
    """The same id came again with other content; the first one stands."""

    code = "receipt_conflict"


class SyncError(LoyaltyError):
    """Till and head office could not agree now."""

    code = "sync"


class Unreachable(SyncError):
    """Head office did not answer within the deadline."""

    code = "unreachable"
    retry = True


class Rejected(SyncError):
    """Head office answered no."""

    code = "rejected"
