"""Vouchers as entries use them: counted, taken from what was set aside for a strict one, undone."""

from agent.headoffice.counting import is_withdrawn, use_voucher
from agent.headoffice.store import allowances
from agent.headoffice.store.protocol import Store
from agent.journal.entry import Entry

Finding = tuple[str, str]


def use(store: Store, entry: Entry) -> list[Finding]:
    """Book a use; return what a person should look at.

    The discount was given and the voucher is used, so nothing here is parked.
    """
    found: list[Finding] = []
    if entry.allowance and not _take(store, entry):
        found.append(("no_allowance", f"{entry.part} was used without being set aside for this till"))
    used = use_voucher(store, entry, times=1)
    if used > 1:
        found.append(("voucher_twice", f"{entry.part} was used {used} times"))
    elif used > 0 and is_withdrawn(store, entry):
        found.append(("voucher_used", f"{entry.part} was used, and its receipt came back"))
    return found


def unuse(store: Store, original: Entry) -> None:
    """Undo a use: the voucher is its member's again, under the allowance it came from while that is open."""
    use_voucher(store, original, times=-1)
    key = (original.incarnation, original.allowance, original.part)
    held = allowances.slice_row(store, *key)
    if held is not None and held["spent"] > 0:
        allowances.spend(store, key, -1)


def _take(store: Store, entry: Entry) -> bool:
    """Take a voucher from its allowance; say whether it was there, open and not taken before."""
    key = (entry.incarnation, entry.allowance, entry.part)
    allowance = allowances.by_number(store, entry.incarnation, entry.allowance)
    held = allowances.slice_row(store, *key)
    if allowance is None or allowance["state"] != "OPEN" or held is None or held["spent"] >= held["amount"]:
        return False
    allowances.spend(store, key, 1)
    return True
