"""A head office in a folder of its own, and a till that is enrolled with it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.headoffice.member_import import import_members
from agent.headoffice.office import Office
from agent.headoffice.publish import publish
from tests.headoffice.till_end import PROGRAMME, StillClock, TillEnd

MEMBERS = """member,card,segments,wallet,balance,expires_on
m-1,299 000 000 0017,loyal;nearby,points,500,2027-01-31
m-1,2990000000024,,points,300,2027-06-30
m-2,2990000000031,,,,
"""


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def office(tmp_path: Path, clock: StillClock) -> Iterator[Office]:
    """A serving head office with a programme and two members."""
    office = Office(tmp_path / "state", clock, serving=True)
    publish(office, PROGRAMME, name="household-club.toml")
    import_members(office, MEMBERS, name="members.csv")
    yield office
    office.close()


@pytest.fixture
def till(office: Office) -> TillEnd:
    till = TillEnd()
    till.enrol(office)
    till.greet(office)
    return till
