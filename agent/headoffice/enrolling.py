"""A new member: may join by the programme's [enrol] table, and gets a pseudonym, a card and dates of age.

The birth date is used here and kept nowhere: what stays are the days from which somebody is old enough.
"""

import secrets
from collections.abc import Iterator
from datetime import date

import msgspec

from agent.errors import Refused
from agent.headoffice.allowances import time_zone
from agent.headoffice.members import CARD, card_tag
from agent.headoffice.office import Office
from agent.headoffice.store import members, programmes
from agent.loyalty.afterwards.enrol import may_join, of_age
from agent.loyalty.language.programme import Programme
from agent.loyalty.language.read import load_programme
from agent.loyalty.language.where import When
from agent.loyalty.standing.history import all_of

ID_BYTES = 8


def enrol(office: Office, number: str, *, born: date | None, amount_minor: int, segments: list[str]) -> str:
    """Take somebody in with a card; return the new member's pseudonym.

    `amount_minor` is the receipt they come with, in minor units.

    Raises:
        Refused: the card is somebody's, no programme is in force, or it says that they may not join.
    """
    tag = card_tag(office, number, CARD)
    today = office.clock.now().astimezone(time_zone(office)).date()
    member = f"m-{secrets.token_hex(ID_BYTES)}"
    with office.store.writing():
        programme = _in_force(office)
        reason = may_join(programme, today, born=born, amount_minor=amount_minor, segments=segments)
        if reason is not None:
            told = ", ".join(f"{key} {value}" for key, value in reason.values.items())
            raise Refused(
                "may_not_join", f"may not join: {reason.code} {told}".rstrip(), remedy="see [enrol]"
            )
        if members.card_row(office.store, tag) is not None:
            raise Refused("card_taken", "this number belongs to somebody", remedy="take another card")
        ages = {str(age): of_age(born, age).isoformat() for age in _ages(programme)} if born else {}
        told_of = {
            "tier": "",
            "segments": msgspec.json.encode(sorted(segments)).decode(),
            "choices": "[]",
            "events": "[]",
            "of_age_from": msgspec.json.encode(ages, order="sorted").decode(),
        }
        members.put_member(office.store, member, told_of)
        members.put_card(office.store, tag, member)
        members.touch(office.store, member)
    return member


def _ages(programme: Programme) -> list[int]:
    """Return the ages that the programme asks for."""
    asked = {one.age_at_least for when in _whens(programme) for one in all_of(when)}
    return sorted(age for age in asked if age is not None)


def _whens(programme: Programme) -> Iterator[When]:
    for rule in programme.text.rule.values():
        yield from rule.alternatives


def _in_force(office: Office) -> Programme:
    newest = programmes.newest_programme(office.store)
    if newest is None:
        raise Refused("no_programme", "no programme is in force", remedy="publish one first")
    return load_programme(bytes(newest["text"]), name="programme")
