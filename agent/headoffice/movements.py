"""Movements that people order: corrections, transfers, merged members, new cards, debts, expiry.

Each is one decision under a reference (a ticket number, say) with the people who answer for it.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any, NamedTuple

from agent.errors import Refused
from agent.headoffice.allowances import time_zone
from agent.headoffice.decisions import decide
from agent.headoffice.members import CARD, card_tag
from agent.headoffice.office import Office
from agent.headoffice.setting_aside import is_alive
from agent.headoffice.store import allowances, members, moves
from agent.journal.entry import Draft, LotAmount
from agent.loyalty.basket import MONEY_LIMIT


class Signed(NamedTuple):
    """Who ordered a movement and under which reference; `approved_by` is a second person where one must."""

    reference: str
    by: str
    reason: str = ""
    approved_by: str = ""


class Done(NamedTuple):
    """What became of an order: `repeated` says that it was carried out before."""

    reference: str
    repeated: bool


def adjust(office: Office, member: str, wallet: str, points: int, signed: Signed) -> Done:
    """Give or take points; two people must stand for it.

    Raises:
        Refused: one person alone, unknown member, or more is taken than is free.
    """
    two_people(signed)
    if not 0 < abs(points) <= MONEY_LIMIT:
        raise Refused("invalid_amount", "points must be a whole number other than 0", remedy="say how many")
    asked = {"member": member, "wallet": wallet, "points": points}

    def drafts() -> list[Draft]:
        owner = _member(office, member)
        if points > 0:
            lots: list[LotAmount] = [(f"adjusted-{signed.reference}"[:64], points)]
            dates = {lots[0][0]: ["", "", ""]}
        else:
            lots, dates = _taken(office, owner, wallet, -points), {}
        return [_draft("ADJUST", owner, signed, unit=wallet, lots=lots, dates=dates)]

    return _done(office, signed, asked, drafts)


def transfer(office: Office, from_to: tuple[str, str], wallet: str, points: int, signed: Signed) -> Done:
    """Move points to another member with the dates they had: two single-sided entries, one reference.

    Raises:
        Refused: unknown or equal members, or more is moved than is free.
    """
    asked = {"from": from_to[0], "to": from_to[1], "wallet": wallet, "points": points}

    def drafts() -> list[Draft]:
        giver, taker = (_member(office, one) for one in from_to)
        if giver == taker:
            raise Refused("same_member", "both are one member", remedy="name two members")
        lots = _taken(office, giver, wallet, points)
        known = {row["lot"]: row for row in moves.lots_with_dates(office.store, giver, wallet)}
        dates = {
            lot: [known[lot]["active_from"], known[lot]["expires_on"], known[lot]["ends_at"]]
            for lot, _ in lots
        }
        given = [(lot, -amount) for lot, amount in lots]
        return [
            _draft("TRANSFER", giver, signed, unit=wallet, lots=lots, part="from"),
            _draft("TRANSFER", taker, signed, unit=wallet, lots=given, part="to", dates=dates),
        ]

    return _done(office, signed, asked, drafts)


def merge(office: Office, member: str, into: str, signed: Signed) -> Done:
    """Make two members one: all that the first owns, and whatever still arrives for it, is the other's.

    Raises:
        Refused: unknown members, or the two are one already.
    """

    def drafts() -> list[Draft]:
        heir = _member(office, into)
        if _member(office, member) == heir:
            raise Refused("same_member", "both are one member already", remedy="name two members")
        return [_draft("MERGE", member, signed, into=heir)]

    return _done(office, signed, {"member": member, "into": into}, drafts)


def new_card(office: Office, member: str, number: str, old: str, signed: Signed) -> Done:
    """Give a member another card; the old one, if named, is blocked with the next pull of every till.

    Raises:
        Refused: unknown member, the new number is somebody's, or the old one is not this member's.
    """
    tag = card_tag(office, number, CARD)
    blocks = card_tag(office, old, CARD) if old else b""

    def drafts() -> list[Draft]:
        owner = _member(office, member)
        if (known := members.card_row(office.store, tag)) is not None and known["member"] != owner:
            raise Refused("card_taken", "this number belongs to somebody else", remedy="take another card")
        held = {bytes(card["tag"]) for card in members.cards_of(office.store, owner)}
        if blocks and blocks not in held:
            raise Refused("unknown_card", f"{owner} has no such card", remedy="see member show")
        return [_draft("CARD", owner, signed, tag=tag.hex(), blocks=blocks.hex())]

    asked = {"member": member, "tag": tag.hex(), "blocks": blocks.hex()}
    return _done(office, signed, asked, drafts)


def set_debt_apart(office: Office, member: str, wallet: str, signed: Signed) -> Done:
    """Bring lots below zero to zero: the debt is the company's then; two people must stand for it.

    Raises:
        Refused: one person alone, unknown member, or there is no debt.
    """
    two_people(signed)

    def drafts() -> list[Draft]:
        owner = _member(office, member)
        rows = moves.lots_with_dates(office.store, owner, wallet)
        lots = [(str(row["lot"]), -int(row["remaining"])) for row in rows if row["remaining"] < 0]
        if not lots:
            raise Refused("no_debt", f"{owner} owes nothing in {wallet}", remedy="see member show")
        return [_draft("DEBT", owner, signed, unit=wallet, lots=lots)]

    return _done(office, signed, {"member": member, "wallet": wallet, "debt": True}, drafts)


def expire(office: Office, by: str) -> int:
    """Book as breakage what ended lots have left; return how many lots that moved.

    What an open allowance holds may still be a receipt on its way, sold before the end: it stays.  What
    comes back into an ended lot, or goes out of it, is set right by the next run.
    """
    now = office.clock.now()
    day = now.astimezone(time_zone(office)).date().isoformat()
    signed = Signed(f"expire/{now.astimezone(UTC).isoformat()}", by)
    found: list[Draft] = []

    def drafts() -> list[Draft]:
        for row in moves.ended_lots(office.store, day, now.astimezone(UTC).isoformat()):
            whole = row["remaining"] - row["expired"]
            moved = -max(0, whole - row["set_aside"]) - row["expired"]
            if moved:
                lots = [(str(row["lot"]), int(moved))]
                part = f"{row['member']}/{row['wallet']}/{row['lot']}"
                found.append(
                    _draft("EXPIRE", row["member"], signed, unit=row["wallet"], lots=lots, part=part)
                )
        return found

    decide(office, signed.reference, {"day": day}, drafts)
    return len(found)


def _done(office: Office, signed: Signed, asked: dict[str, Any], drafts: Any) -> Done:
    if not (signed.reference and signed.by):
        raise Refused("unsigned", "a movement needs its reference and who ordered it", remedy="name both")
    return Done(signed.reference, not decide(office, signed.reference, asked, drafts))


def two_people(signed: Signed) -> None:
    """Refuse what one person alone has signed."""
    if not (signed.by and signed.approved_by) or signed.approved_by == signed.by:
        raise Refused(
            "two_people", "a second person must approve this", remedy="name another one in --approved-by"
        )


def _member(office: Office, member: str) -> str:
    """Return whose account a member's is."""
    if members.member_row(office.store, member) is None:
        raise Refused("unknown_member", f"no member {member}", remedy="see member show")
    return members.owner_of(office.store, member)


def _taken(office: Office, member: str, wallet: str, points: int) -> list[LotAmount]:
    """Return what each lot gives of what no till holds, first-expiring first, below zero."""
    now, zone = office.clock.now(), time_zone(office)
    rows = [
        row
        for row in allowances.free_lots(office.store, member, wallet)
        if row["free"] < 0 or is_alive(row, now, zone)
    ]
    free = sum(int(row["free"]) for row in rows)
    if not 0 < points <= free:
        raise Refused(
            "too_few", f"{member} has {max(0, free)} {wallet} that no till holds", remedy="move at most those"
        )
    return list(_parts(rows, points))


def _parts(rows: Sequence[Any], points: int) -> Iterator[LotAmount]:
    for row in rows:
        part = min(points, int(row["free"]))
        if part > 0:
            points -= part
            yield str(row["lot"]), -part


def _draft(kind: str, member: str, signed: Signed, *, part: str = "", **more: Any) -> Draft:
    lots, unit = more.pop("lots", []), more.pop("unit", "")
    told = {"by": signed.by, "approved_by": signed.approved_by, "reason": signed.reason, **more}
    return Draft(
        kind,
        receipt=signed.reference,
        part=part or member,
        account=member,
        unit=unit,
        amount=sum(amount for _, amount in lots),
        lots=lots,
        actor=signed.by,
        data={key: value for key, value in told.items() if value},
    )
