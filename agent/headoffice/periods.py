"""The end of a period: head office ranks its members, and the best get what the programme promised."""

from datetime import date, datetime, time
from typing import NamedTuple

from agent.errors import Refused
from agent.headoffice.decisions import decide
from agent.headoffice.facts import facts_of
from agent.headoffice.movements import Signed
from agent.headoffice.office import Office
from agent.headoffice.store import members, moves, programmes
from agent.journal.drafting import Deal, changes
from agent.journal.entry import Draft
from agent.loyalty.afterwards.closing import Award, Standing, close_period
from agent.loyalty.basket import Basket
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.language.read import load_programme


class Winner(NamedTuple):
    """A member that was given something, and by what score."""

    member: str
    score: int
    gives: int


class Closed(NamedTuple):
    """A period that is over; `repeated` says that it was closed before."""

    reference: str
    repeated: bool
    ranked: int
    winners: list[Winner]


class Period(NamedTuple):
    """What is closed: the event, the measure that ranks (a key as facts have it: NAME:2026-11), how many win.

    `best` 0 leaves that to the rule's `max_total`; `last_day` is the day to judge by, None for today.
    """

    event: str
    measure: str
    best: int = 0
    last_day: date | None = None


def close(office: Office, period: Period, signed: Signed) -> Closed:
    """Rank members by a measure and book the event for the best.

    Raises:
        Refused: no programme is in force, or it does not know the event.
        Conflict: another period was closed under this reference.
    """
    compiled = _in_force(office)
    ranked: list[tuple[str, int]] = []
    awards: list[Award] = []
    at = _moment(office, compiled, period)

    def drafts() -> list[Draft]:
        rows = moves.ranking(office.store, period.measure)
        ranked.extend((str(row["member"]), int(row["score"])) for row in rows)
        awards.extend(_awards(office, compiled, (period.event, signed, at), ranked[: period.best or None]))
        if not awards:
            raise Refused(
                "nobody_wins",
                f"event {period.event} gives nothing to the {len(ranked)} members with a score in"
                f" {period.measure} on {at.date()}",
                remedy="look at the rule's event, its dates, and the measure's key (NAME:2026-11)",
            )
        told = {"winners": [one.member for one in awards], "ranked": len(ranked)}
        head = Draft("NOTE", receipt=signed.reference, part="period", actor=signed.by, data=told)
        return [head, *(one for award in awards for one in changes(_deal(compiled, award, at)))]

    asked = {"event": period.event, "measure": period.measure, "best": period.best}
    is_new = decide(office, signed.reference, asked, drafts)
    scores = dict(ranked)
    winners = [Winner(one.member, scores[one.member], len(one.quote.gives)) for one in awards]
    return Closed(signed.reference, not is_new, len(ranked), winners)


def _moment(office: Office, compiled: Compiled, period: Period) -> datetime:
    """Return now, or the last moment of the day to judge by."""
    if period.last_day is None:
        return office.clock.now()
    return datetime.combine(period.last_day, time(23, 59, 59), compiled.zone)


def _awards(
    office: Office, compiled: Compiled, act: tuple[str, Signed, datetime], ranked: list[tuple[str, int]]
) -> list[Award]:
    event, signed, at = act
    standings = []
    for member, score in ranked:
        row = members.member_row(office.store, member)
        assert row is not None, "who is ranked is in the books"
        standings.append(Standing(facts_of(office.store, row, at), score))
    basket = Basket(
        receipt_id=signed.reference,
        sold_at=at,
        store="",
        till="",
        currency=compiled.programme.text.programme.currency,
        lines=[],
        event=event,
        cashier=signed.by,
    )
    return close_period(compiled, basket, standings, at)


def _deal(compiled: Compiled, award: Award, at: datetime) -> Deal:
    return Deal(award.basket, award.quote, award.member, at, at.astimezone(compiled.zone).date())


def _in_force(office: Office) -> Compiled:
    newest = programmes.newest_programme(office.store)
    if newest is None:
        raise Refused("no_programme", "no programme is in force", remedy="publish one first")
    return compile_programme(load_programme(bytes(newest["text"]), name="programme"))
