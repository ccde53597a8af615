"""Placement follows booking: what was earned lies at home a minute later, and nothing runs in circles."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.config.headoffice import Placement, load_headoffice
from agent.headoffice import following, members
from agent.headoffice.following import Following
from agent.headoffice.member_import import import_members
from agent.headoffice.office import Office
from agent.headoffice.projector import Projector
from agent.headoffice.reexecute import Judge
from agent.headoffice.verify import verify
from agent.sync.wire import Allowance, Deny
from tests.headoffice.both_ends import ShopTill
from tests.headoffice.test_settling import sell
from tests.headoffice.test_stock import ask, usable
from tests.headoffice.till_end import StillClock, rows

WHOLE = Placement(policy="whole_at_home")
SHIPPED = Path(__file__).parents[2] / "config" / "loyalty-headoffice.toml"


class Chain:
    """Two stores with a till each, and the production projector, turned by hand."""

    def __init__(self, office: Office, folder: Path, clock: StillClock, config: Placement = WHOLE) -> None:
        self.office, self.clock = office, clock
        self.north = ShopTill(office, folder, "1-1", 1, shop="1")
        self.south = ShopTill(office, folder, "2-1", 2, shop="2")
        for till in (self.north, self.south):
            till.pull()
        self.following = Following(office, config)
        self.projector = Projector(
            office, Judge(office.store), on_failure=lambda: None, following=self.following
        )

    def after(self, seconds: float) -> None:
        """Let so much time pass, and the projector look."""
        self.clock.advance(seconds=seconds)
        self.projector.book()

    def settled(self) -> None:
        """Let everybody's turn come."""
        for _ in range(3):
            self.after(61)
            for till in (self.north, self.south):
                till.pull()
                till.desk.write(lambda tx: tx.close_due())
                till.push()

    def lying(self) -> dict[str, int]:
        found = rows(
            self.office,
            "SELECT i.store, sum(s.amount - s.spent) FROM allowance a"
            " JOIN allowance_lot s USING (incarnation, number) JOIN incarnation i USING (incarnation)"
            " WHERE a.state = 'OPEN' AND purpose = 'STOCK' GROUP BY i.store ORDER BY i.store",
        )
        return dict(found)

    def allowances(self) -> int:
        return int(rows(self.office, "SELECT count(*) FROM allowance WHERE purpose = 'STOCK'")[0][0])


@pytest.fixture
def chain(office: Office, clock: StillClock, tmp_path: Path) -> Iterator[Chain]:
    chain = Chain(office, tmp_path, clock)
    yield chain
    chain.north.close()
    chain.south.close()


def balance(office: Office) -> int:
    return int(rows(office, "SELECT sum(remaining) FROM lot WHERE member = 'm-1'")[0][0])


def test_a_minute_after_a_receipt_all_points_lie_at_home(office: Office, chain: Chain) -> None:
    sell(chain.north)
    chain.north.push()
    chain.after(0)
    chain.after(59)
    assert chain.lying() == {}
    chain.after(1)
    assert chain.lying() == {"1": balance(office)}
    assert balance(office) > 800, "what the receipt earned is among them"
    chain.settled()
    assert chain.allowances() == 1, "nothing more follows from that"
    assert verify(office, Judge).mistakes == []


def test_entries_that_keep_coming_put_the_turn_off(chain: Chain) -> None:
    for at in range(4):
        sell(chain.north, f"r{at}")
        chain.north.push()
        chain.after(40)
        assert chain.lying() == {}
    chain.after(61)
    assert set(chain.lying()) == {"1"}


def test_what_a_sale_elsewhere_waits_for_is_not_sent_home_again(office: Office, chain: Chain) -> None:
    sell(chain.north)
    chain.north.push()
    chain.settled()
    assert isinstance(ask(chain.south, "q1"), Deny), "all of it lies in the north: recalled"
    chain.north.pull()
    chain.north.desk.write(lambda tx: tx.close_due())
    chain.north.push()
    chain.after(10)
    assert isinstance(ask(chain.south, "q2"), Allowance), "the customer waits ten seconds at most"
    chain.south.pull()
    assert verify(office, Judge).mistakes == []


def test_points_move_to_a_new_home(office: Office, chain: Chain) -> None:
    sell(chain.north)
    chain.north.push()
    chain.settled()
    for at in range(2):
        sell(chain.south, f"s{at}", store="2")
        chain.south.push()
    chain.clock.advance(seconds=following.REST_S)
    chain.settled()
    assert chain.lying() == {"2": balance(office)}
    assert usable(chain.south) == balance(office)
    assert usable(chain.north) == 0


def test_a_till_that_gives_back_at_once_is_given_stock_once_an_hour(chain: Chain) -> None:
    """Its clock is far ahead: whatever it takes in, it may not spend any more."""
    sell(chain.north)
    chain.north.push()
    given = []
    for _ in range(3 * 60):
        chain.after(60)
        chain.north.pull()
        chain.north.desk.clock.at = chain.clock.at.replace(year=chain.clock.at.year + 1)
        chain.north.desk.write(lambda tx: tx.close_due())
        chain.north.push()
        given.append(chain.allowances())
    assert given[2] == 1
    assert given[-1] <= 4


def test_who_is_blocked_loses_what_lies_at_home(office: Office, chain: Chain) -> None:
    sell(chain.north)
    chain.north.push()
    chain.settled()
    members.block(office, "m-1", "stolen card")
    chain.after(0)
    chain.after(following.REST_S)
    assert rows(office, "SELECT DISTINCT recalled FROM allowance WHERE purpose = 'STOCK'") == [(1,)]


def test_a_disk_that_refuses_loses_no_turn(office: Office, chain: Chain) -> None:
    sell(chain.north)
    chain.north.push()
    chain.after(0)
    [path] = (office.state / "own").glob("*.segment")
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    chain.after(61)
    assert chain.lying() == {}
    path.rmdir()
    path.with_suffix(".away").rename(path)
    chain.after(1)
    assert chain.lying() == {"1": balance(office)}


def test_many_members_are_looked_at_a_few_at_a_time(office: Office, chain: Chain) -> None:
    told = "member\n" + "".join(f"n-{at}\n" for at in range(following.AT_ONCE + 7))
    import_members(office, told, name="many.csv")
    chain.following.place_some()
    chain.clock.advance(seconds=61)
    assert [chain.following.place_some() for _ in range(3)] == [following.AT_ONCE, 7, 0]


def test_the_policy_and_a_wait_of_nothing_leave_it_to_the_night(office: Office) -> None:
    assert following.following(office, Placement(policy="none")) is None
    assert following.following(office, Placement(policy="whole_at_home", after_s=0)) is None
    shipped = load_headoffice(SHIPPED).placement
    assert following.following(office, shipped) is not None, "what ships follows every booking"
