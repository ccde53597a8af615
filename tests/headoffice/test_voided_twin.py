"""A receipt that two journals sold, voided at one of them: nothing of it is left, whatever comes first."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.headoffice.office import Office
from agent.headoffice.reexecute import Judge
from agent.headoffice.store import audit
from agent.headoffice.verify import verify
from tests.headoffice.both_ends import ShopTill
from tests.headoffice.test_settling import points, sell, state
from tests.headoffice.till_end import differences, rows

OWNED = 800
STEPS = ("old", "new", "void")
Tills = tuple[ShopTill, ShopTill]


@pytest.fixture
def both(office: Office, tmp_path: Path) -> Iterator[Tills]:
    """The journal that sold first, and the one that was told the same receipt again."""
    both = ShopTill(office, tmp_path, "1-1", 1), ShopTill(office, tmp_path, "1-2", 2)
    for one in both:
        one.pull()
    yield both
    for one in both:
        one.close()


def check_never_sold(office: Office) -> None:
    assert (points(office), state(office)) == (OWNED, "voided")
    assert rows(office, "SELECT position, lifetime FROM counted") in ([], [(0, 0)])
    assert audit.uneven_accounts(office.store) == []
    assert audit.overspent_allowances(office.store) == []
    assert verify(office, Judge).mistakes == []


@pytest.mark.parametrize("order", [one for one in itertools.permutations(STEPS) if one.index("new") < 2])
@pytest.mark.parametrize("spent", [(300, 0), (200, 300)])
def test_a_void_at_either_journal_undoes_what_was_booked_of_both(
    office: Office, both: Tills, order: tuple[str, ...], spent: tuple[int, int]
) -> None:
    old, new = both
    for till, paid in zip(both, spent, strict=True):
        sell(till, points=paid)
    for step in order:
        if step == "void":
            new.desk.call("void", "r1", b"{}")
        if step == "new" and order.index("void") < order.index("new"):
            continue  # both travel with the void
        (old if step == "old" else new).push()
    check_never_sold(office)


def test_voided_at_both_it_is_undone_once(office: Office, both: Tills) -> None:
    for till in both:
        sell(till, points=100)
        till.push()
    for till in reversed(both):
        till.desk.call("void", "r1", b"{}")
        till.push()
    check_never_sold(office)


def test_what_came_back_before_the_void_is_not_undone_again(office: Office, both: Tills) -> None:
    old, new = both
    for till in both:
        sell(till, points=100)
        till.push()
    body = b'{"lines": [{"line": 1}], "returned_at": "2026-11-24T17:30:00+00:00"}'
    old.desk.call("take_back", "r1", "b1", body)
    old.push()
    new.desk.call("void", "r1", b"{}")
    new.push()
    check_never_sold(office)
    assert any(kind == "return_settled" and said.startswith("void") for kind, said in differences(office))


def test_a_void_of_a_receipt_that_one_journal_sold_settles_nothing(office: Office, both: Tills) -> None:
    old, _ = both
    sell(old, points=100)
    old.push()
    old.desk.call("void", "r1", b"{}")
    old.push()
    check_never_sold(office)
    assert rows(office, "SELECT count(*) FROM settlement") == [(0,)]
