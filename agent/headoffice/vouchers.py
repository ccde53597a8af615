"""Vouchers as entries use them: counted, taken from what was set aside for a strict one, undone."""

import msgspec

from agent.headoffice import lending
from agent.headoffice.counting import is_withdrawn, use_voucher
from agent.headoffice.outcomes import Parked
from agent.headoffice.store import allowances
from agent.headoffice.store.protocol import Store
from agent.journal.entry import Entry
from agent.journal.lent import is_lent
from agent.journal.vouchers import wallet_for

Finding = tuple[str, str]


def use(store: Store, entry: Entry) -> list[Finding]:
    """Book a use; return what a person should look at.

    The discount was given and the voucher is used, so nothing here is parked.
    """
    found: list[Finding] = []
    if entry.allowance:
        try:
            with store.attempt():
                _take(store, entry)
        except Parked as reason:
            found.append((reason.kind, str(reason)))
    used = use_voucher(store, entry, times=1)
    if used > 1:
        found.append(("voucher_twice", f"{entry.part} was used {used} times"))
    elif used > 0 and is_withdrawn(store, entry):
        found.append(("voucher_used", f"{entry.part} was used, and its receipt came back"))
    return found


def unuse(store: Store, original: Entry) -> None:
    """Undo a use: the voucher is its member's again, under the allowance it came from while that is open.

    What a pool lent stays spent on its row, as points do.
    """
    use_voucher(store, original, times=-1)
    key = (original.incarnation, original.allowance, original.part)
    held = None if is_lent(original.allowance) else allowances.slice_row(store, *key)
    if held is not None and held["spent"] > 0:
        allowances.spend(store, key, -1)


def _take(store: Store, entry: Entry) -> None:
    """Take a voucher from the allowance that its entry names.

    Raises:
        Parked: it was not there, not open, or taken before.
    """
    wallet = wallet_for(str(entry.data.get("voucher", "")))
    key, row = lending.row_to_spend(store, msgspec.structs.replace(entry, unit=wallet))
    if lending.left_to_spend(store, key, row, entry.part) < 1:
        raise Parked("beyond_allowance", f"{entry.part} was used without being set aside there")
    lending.spend(store, key, row, entry.part, 1)
    if row["home"]:
        lending.settle(store, key)
