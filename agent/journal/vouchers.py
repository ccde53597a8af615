"""A strict voucher as an account: set aside like points, one lot of 1 a voucher, used by a COUPON entry."""

from agent.journal.entry import Entry, LotAmount

PREFIX = "voucher:"


def wallet_for(voucher: str) -> str:
    """Return the wallet under which vouchers of this name are set aside.

    >>> wallet_for("pastry")
    'voucher:pastry'
    """
    return PREFIX + voucher


def is_voucher(wallet: str) -> bool:
    """Say whether a wallet is one of vouchers, no name a programme can give to one of points."""
    return wallet.startswith(PREFIX)


def voucher_of(wallet: str) -> str:
    """Return the voucher's name."""
    return wallet.removeprefix(PREFIX)


def spent_of_allowance(entry: Entry) -> list[LotAmount]:
    """Return what an entry takes from its allowance, below zero: lots, or the voucher it uses."""
    if not entry.allowance:
        return []
    match entry.kind:
        case "REDEEM":
            return entry.lots
        case "COUPON":
            return [(entry.part, -1)]
        case _:
            return []
