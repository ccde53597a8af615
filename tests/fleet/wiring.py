"""What the fleet is put together from: production, of which a planted bug replaces one piece."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent.headoffice import allowances, delta, intake, risk, tills
from agent.headoffice.office import Office
from agent.headoffice.projector import Projector
from agent.ledger.ledger import Ledger
from agent.ledger.storage import Storage
from agent.ledger.transaction import Transaction
from agent.pool.desk import PoolDesk
from agent.sync.loop import SyncLoop
from tests.fleet.disk import Disk


def _same(one: Any) -> Any:
    return one


def _append(disk: Disk) -> Any:
    return disk.append


@dataclass(frozen=True)
class Wiring:
    """Production, as it is wired unless something is planted."""

    transaction: type[Transaction] = Transaction
    storage: Callable[[Storage], Storage] = _same
    ledger: Callable[[Ledger], Ledger] = _same
    """What stands between a till and its ledger."""
    desk: type[PoolDesk] = PoolDesk
    sync: type[SyncLoop] = SyncLoop
    incarnation: Callable[[str, str], str] = lambda _till, fresh: fresh
    """What a new ledger is called: (till, a name never used) to the name used."""
    greet: Callable[..., Any] = tills.greet
    receive: Callable[..., Any] = intake.receive
    allow: Callable[..., Any] = allowances.answer
    page: Callable[..., Any] = delta.page
    office: type[Office] = Office
    projector: type[Projector] = Projector
    books: Callable[[Any], Any] = _same
    """What stands between head office and its books."""
    append: Callable[[Disk], Any] = _append
    worst: Callable[[Office], Any] = risk.risk
