"""Two members become one: all that the first owns, and whatever still arrives for it, is the heir's."""

from typing import Any

import msgspec

from agent.errors import Refused
from agent.headoffice.store import members, moves
from agent.headoffice.store.protocol import Store


def merge(store: Store, member: str, into: str) -> None:
    """Make two members one; it changes nothing if they are.

    Raises:
        Refused: one of them is not in the books.
    """
    heir = members.owner_of(store, into)
    if members.owner_of(store, member) == heir:
        return
    one, other = members.member_row(store, member), members.member_row(store, heir)
    if one is None or other is None:
        raise Refused("unknown_member", f"{member} or {into} is not in the books")
    members.put_member(store, heir, _together(one, other))
    moves.hand_over(store, member, heir)


def _together(one: Any, heir: Any) -> dict[str, str]:
    """Return what is said of both: the heir's word where only one can stand, all of it elsewhere."""
    told: dict[str, str] = {"tier": heir["tier"] or one["tier"]}
    for name in ("segments", "choices"):
        both = {*msgspec.json.decode(heir[name]), *msgspec.json.decode(one[name])}
        told[name] = msgspec.json.encode(sorted(both)).decode()
    if msgspec.json.decode(heir["choices"]):
        told["choices"] = heir["choices"]
    events = [*msgspec.json.decode(heir["events"]), *msgspec.json.decode(one["events"])]
    unique = {msgspec.json.encode(event, order="sorted"): event for event in events}
    told["events"] = msgspec.json.encode(list(unique.values())).decode()
    ages = msgspec.json.decode(one["of_age_from"]) | msgspec.json.decode(heir["of_age_from"])
    told["of_age_from"] = msgspec.json.encode(ages, order="sorted").decode()
    return told
