"""The ledger under the fault lab: one operation is one paid receipt with all its entries.

Option `ack=before` is the planted bug: it acknowledges what is not yet on the disk.
"""

from agent.clock import SystemClock, random_id
from agent.journal.entry import Draft, entry_from
from agent.ledger.first_run import NAME
from agent.ledger.ledger import open_ledger
from agent.ledger.transaction import Transaction
from agent.ledger.verify import verify as verify_ledger
from tests.faultlab.contract import Report, Session
from tests.faultlab.storage import DirectoryStorage

GROUP = ("RECEIPT", "EARN", "COUNT")


def workload(storage: DirectoryStorage, session: Session, *, ack: str = "after") -> None:
    """Open the ledger as the daemon does, and commit receipts until killed."""
    ledger = open_ledger(storage.folder, clock=SystemClock(), new_id=random_id, storage=storage)
    for number in session.operations():
        receipt = f"{session.run}-{number}"
        points = session.rng.randrange(1, 100)

        def change(tx: Transaction, receipt: str = receipt, points: int = points) -> None:
            _receipt(tx, receipt, points)

        session.attempt(receipt)
        if ack == "before":
            session.ack(receipt)
        ledger.write(change).result()
        if ack == "after":
            session.ack(receipt)
    ledger.close()


def _receipt(tx: Transaction, receipt: str, points: int) -> None:
    member = f"m{points % 5}"
    tx.append(Draft("RECEIPT", receipt=receipt, account=member, data={"points": points}))
    tx.append(Draft("EARN", receipt=receipt, part="points/", account=member, unit="points", amount=points))
    tx.append(Draft("COUNT", receipt=receipt, part="stamps", account=member, data={"units": 1}))
    tx.put_receipt(receipt, state="committed", content_hash=b"", answer={"points": points}, member=member)


def verify(storage: DirectoryStorage) -> Report:
    """Recover the ledger as a start does, check all of it, and list the receipts that are whole."""
    if not storage.exists(NAME):
        return Report(frozenset())
    ledger = open_ledger(storage.folder, clock=SystemClock(), new_id=random_id, storage=storage)
    problems = [f"frozen: {reason}"] if (reason := ledger.read.frozen()) else []
    groups: dict[str, tuple[str, ...]] = {}
    for _, body, _ in ledger.read.entries(0, 10_000_000):
        entry = entry_from(body)
        groups[entry.receipt] = (*groups.get(entry.receipt, ()), entry.kind)
    for receipt, kinds in groups.items():
        if kinds != GROUP or ledger.read.receipt(receipt) is None:
            problems.append(f"half a receipt: {receipt} has {kinds}")
    ledger.close()
    report = verify_ledger(storage.folder)
    problems += [f"verify: {one.where} {one.says}" for one in report.problems]
    return Report(frozenset(groups), tuple(problems))
