"""The report: who was identified, what members buy, what points were issued, spent and are owed."""

from typing import Any

from agent.headoffice.allowances import time_zone
from agent.headoffice.erasing import outstanding
from agent.headoffice.office import Office
from agent.headoffice.ranking import ranking
from agent.headoffice.risk import of_till, risk
from agent.headoffice.store import figures, log, members, programmes, tills
from agent.headoffice.store.counter import PROMPTS
from agent.loyalty.language.read import load_programme
from agent.loyalty.when.partners import settlement_minor


def report(office: Office) -> dict[str, Any]:
    """Return the figures of everything booked so far; money in minor units, shares in thousandths.

    Expired is what is left of lots whose last day is past, by head office's own calendar.
    """
    store = office.store
    today = office.clock.now().astimezone(time_zone(office)).date().isoformat()
    with store.reading():
        shops = [_shared(row) for row in store.rows(figures.IDENTIFIED_BY_SHOP)]
        cashiers = [_shared(row) for row in store.rows(figures.IDENTIFIED_BY_CASHIER)]
        prompts = [dict(row) for row in store.rows(PROMPTS)]
        return {
            "identified_by_shop": shops,
            "identified_by_cashier": cashiers,
            "identified_by_day": [_shared(row) for row in store.rows(figures.IDENTIFIED_BY_DAY)],
            "ranking": ranking(shops, cashiers, prompts),
            "members_and_others": [_averaged(row) for row in store.rows(figures.MEMBERS_AND_OTHERS)],
            "points": _points(office, today),
            "turned_into": [dict(row) for row in store.rows(figures.TURNED)],
            "partners": _partners(office),
            "claims_by_cashier": [dict(row) for row in store.rows(figures.CLAIMS_BY_CASHIER)],
            "prompts": prompts,
            "top_rules": [dict(row) for row in store.rows(figures.TOP_RULES)],
            "receipts": {row["state"]: row["receipts"] for row in store.rows(figures.RECEIPT_STATES)},
            "differences": log.difference_counts(store),
            "offline": risk(office),
        }


def status(office: Office) -> dict[str, Any]:
    """Return how head office stands: every till's journals, how far they are booked, what waits."""
    store = office.store
    now_ms = office.now_ms()
    with store.reading():
        behind = {row["incarnation"] for row in tills.behind(store)}
        rows = [
            {
                "store": row["store"],
                "till": row["till"],
                "enrolled": row["enrolled_ms"] is not None,
                "epoch": row["epoch"],
                "state": row["state"] or "never greeted",
                "booked": row["booked_seq"] or 0,
                "head": max(row["told_seq"] or 0, row["booked_seq"] or 0),
                "silent_s": (now_ms - row["last_contact_ms"]) // 1000 if row["last_contact_ms"] else None,
                "version": row["program_version"] or "",
                "books_behind": row["incarnation"] in behind,
                "worst_offline_loss": of_till(office, row),
            }
            for row in tills.till_overview(store)
        ]
        return {
            "tills": rows,
            "members": members.member_count(store),
            "entries": log.last_position(store),
            "differences": log.difference_counts(store),
            "erasures": outstanding(office),
        }


def _points(office: Office, today: str) -> list[dict[str, Any]]:
    moved = {row["wallet"]: dict(row) for row in office.store.rows(figures.POINTS_MOVED)}
    here = {row["wallet"]: dict(row) for row in office.store.rows(figures.MOVED_HERE)}
    held = {row["wallet"]: dict(row) for row in office.store.rows(figures.POINTS_HELD, (today, today))}
    none = {
        "issued": 0,
        "spent": 0,
        "reversals": 0,
        "opening": 0,
        "expired": 0,
        "outstanding": 0,
        "members": 0,
        "adjusted": 0,
        "awarded": 0,
        "transferred": 0,
        "breakage": 0,
    }
    rows = [
        {"wallet": wallet, **none, **moved.get(wallet, {}), **held.get(wallet, {}), **here.get(wallet, {})}
        for wallet in sorted(moved.keys() | held.keys() | here.keys())
    ]
    # What was booked as breakage left its lots; what ended since then still lies in them.
    return [{**row, "expired": row["expired"] + row.pop("breakage")} for row in rows]


def _partners(office: Office) -> list[dict[str, Any]]:
    """Return what each partner issued and redeemed, and owes by the programme in force (minor units)."""
    newest = programmes.newest_programme(office.store)
    programme = load_programme(bytes(newest["text"]), name="programme") if newest is not None else None
    found = []
    for row in office.store.rows(figures.PARTNERS):
        owed = None
        if programme is not None and row["partner"] in programme.text.partner:
            owed = settlement_minor(programme, row["partner"], row["wallet"], row["issued"])
        found.append({**dict(row), "settlement_minor": owed})
    return found


def _shared(row: Any) -> dict[str, Any]:
    return {**dict(row), "identified_permille": row["identified"] * 1000 // row["receipts"]}


def _averaged(row: Any) -> dict[str, Any]:
    count = row["receipts"]
    return {
        **dict(row),
        "average_due_minor": (2 * row["due_minor"] + count) // (2 * count),
        "average_items_tenths": (20 * row["items"] + count) // (2 * count),
    }
