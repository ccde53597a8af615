"""Personal vouchers: which of a member's counts today, and why none does."""

from collections.abc import Collection
from typing import Any

from agent.loyalty.member import Voucher
from agent.loyalty.walk.state import State


def usable_voucher(state: State, names: Collection[str]) -> tuple[str, str, dict[str, Any]]:
    """Return the id of the valid voucher that ends first, or "" with the code and values of why none is."""
    if state.member is None:
        return "", "not_identified", {}
    held = [one for one in state.member.vouchers if one.voucher in names]
    valid = [one for one in held if _has_begun(one, state) and not _is_past(one, state)]
    if valid:
        first = min(valid, key=lambda one: (one.expires_on is None, str(one.expires_on), one.id))
        return first.id, "", {}
    past = [one.expires_on for one in held if one.expires_on is not None and _is_past(one, state)]
    if past:
        return "", "code_expired", {"day": max(past).isoformat()}
    return "", "missing", {"what": "voucher"}


def _has_begun(voucher: Voucher, state: State) -> bool:
    return voucher.active_from is None or voucher.active_from <= state.day


def _is_past(voucher: Voucher, state: State) -> bool:
    if voucher.ends_at is not None and voucher.ends_at <= state.local:
        return True
    return voucher.expires_on is not None and voucher.expires_on < state.day
