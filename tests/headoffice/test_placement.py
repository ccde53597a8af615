"""Placement: what lies at home every night, by policy; a command plans it, the server sets it aside."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.headoffice import main
from agent.config.headoffice import Placement
from agent.headoffice import delta, placement, tills
from agent.headoffice.member_import import import_members
from agent.headoffice.office import Office
from agent.headoffice.placing import PRESETS, Policy, parts, points_to_place
from agent.headoffice.projector import Projector
from agent.headoffice.publish import publish
from agent.headoffice.reexecute import Judge
from agent.headoffice.store import placements
from agent.headoffice.store.allowances import free_lots
from agent.headoffice.verify import verify
from agent.sync.wire import Pull
from tests.headoffice.test_allowances import ask
from tests.headoffice.test_strict_vouchers import LIST, STRICT
from tests.headoffice.till_end import StillClock, TillEnd, basket, book, rows

WHOLE = Placement(policy="whole_at_home")
HALF = Placement(policy="half_at_home")


class Shop:
    """A store with tills that keep stock."""

    def __init__(self, office: Office, name: str, count: int = 1, *, first: int = 0) -> None:
        self.office, self.name = office, name
        self.tills = [TillEnd(f"{name}-{at}", f"{first + at:032x}") for at in range(1, count + 1)]
        for till in self.tills:
            till.enrol(office, name)
            till.greet(office)
            self.pull(till)

    def pull(self, till: TillEnd, stock: int = 0) -> Any:
        return delta.page(self.office, till.name, Pull(till.incarnation, 0, stock=stock))

    def sell(self, receipt: str, member: str = "m-1", *, days_ago: int = 0) -> None:
        """Book one visit of a member here."""
        bought = basket(receipt, 100, store=self.name)
        till = self.tills[0]
        till.sell(bought)
        till.push(self.office)
        book(self.office)
        day = self.office.clock.now().date() - timedelta(days=days_ago)
        with self.office.store.writing():
            self.office.store.run(
                "UPDATE receipt SET member = ?, day = ? WHERE receipt = ?",
                (member, day.isoformat(), receipt),
            )


@pytest.fixture
def shops(office: Office) -> tuple[Shop, Shop]:
    return Shop(office, "north", 2), Shop(office, "south", 1, first=10)


def night(office: Office, config: Placement) -> int:
    """Plan and carry out; return how many were wanted back."""
    wanted_back = 0
    with office.store.writing():
        placements.clear(office.store)
    for planned in placement.plan(office, config):
        placement.order(office, planned, config)
        wanted_back += len(planned.recalls)
    while placement.carry_out(office):
        pass
    return wanted_back


def lying(office: Office) -> dict[str, int]:
    """Return open stock by till."""
    found = rows(
        office,
        "SELECT i.till, sum(s.amount - s.spent) FROM allowance a JOIN allowance_lot s USING (incarnation,"
        " number) JOIN incarnation i USING (incarnation) WHERE a.state = 'OPEN' AND purpose = 'STOCK'"
        " GROUP BY i.till ORDER BY i.till",
    )
    return dict(found)


def free(office: Office) -> int:
    return sum(row["free"] for row in free_lots(office.store, "m-1", "points"))


@given(
    st.sampled_from(sorted(PRESETS)),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.integers(1, 200),
)
def test_never_more_is_placed_than_is_free_or_than_the_policy_says(
    name: str, free: int, at_home: int, elsewhere: int, least: int
) -> None:
    share, keep_free = PRESETS[name]
    balance = free + at_home + elsewhere
    points = points_to_place(Policy(share, keep_free, least), balance=balance, free=free, at_home=at_home)
    assert points == 0 or least <= points <= free
    if points:
        assert (at_home + points) * 100 <= balance * share
        assert (free - points) * 100 >= balance * keep_free


@given(st.integers(1, 10_000), st.integers(1, 12), st.integers(1, 300), st.text(max_size=5))
def test_parts_are_equal_add_up_and_go_to_different_holders(
    points: int, count: int, least: int, member: str
) -> None:
    holders = [f"h{at}" for at in range(count)]
    made = parts(points, holders, member=member, least=least)
    amounts = [amount for _, amount in made]
    assert sum(amounts) == points
    assert max(amounts) - min(amounts) <= 1
    assert len({holder for holder, _ in made}) == len(made)
    assert len(made) == 1 or min(amounts) >= least


def test_the_most_visited_store_of_ninety_days_is_home(office: Office, shops: tuple[Shop, Shop]) -> None:
    north, south = shops
    for at in range(3):
        north.sell(f"n-{at}", days_ago=91)
    south.sell("s-1", days_ago=89)
    assert night(office, WHOLE) == 0
    assert lying(office) == {"south-1": 800}
    north.sell("n-9")
    north.sell("n-10")
    assert night(office, WHOLE) == 1, "wanted back from the former home"
    assert sorted(south.pull(south.tills[0]).recalls) == [1]


def test_half_stays_half_however_often_the_night_comes(office: Office, shops: tuple[Shop, Shop]) -> None:
    shops[0].sell("n-1")
    for _ in range(3):
        night(office, HALF)
        assert lying(office) == {"north-1": 200, "north-2": 200}
        assert free(office) == 400
    assert verify(office, Judge).mistakes[1:] == [], "only the visits made up here differ"


def test_a_pool_that_greets_gets_all_and_the_tills_give_theirs_back(
    office: Office, shops: tuple[Shop, Shop]
) -> None:
    north, _ = shops
    north.sell("n-1")
    night(office, HALF)
    pool = north.tills[1]
    tills.greet(office, pool.name, msgspec.structs.replace(pool.hello(), role="pool"))
    assert night(office, HALF) == 1
    assert lying(office) == {"north-1": 200, "north-2": 360}, "30 % stay free while the rest comes home"
    assert north.pull(north.tills[0]).recalls == [1]


def test_nothing_goes_to_tills_that_are_silent_or_cannot_keep_it(
    office: Office, shops: tuple[Shop, Shop], clock: StillClock
) -> None:
    north, _ = shops
    north.sell("n-1")
    north.pull(north.tills[0], stock=-1)
    night(office, WHOLE)
    assert lying(office) == {"north-2": 800}
    clock.advance(days=8)
    assert night(office, WHOLE) == 1, "nobody there keeps stock any more: it is wanted back"


def test_without_a_policy_everything_comes_home(office: Office, shops: tuple[Shop, Shop]) -> None:
    shops[0].sell("n-1")
    night(office, WHOLE)
    assert night(office, Placement()) == 2
    assert night(office, Placement()) == 2, "asked again until it is home"


def test_what_is_spent_between_plan_and_order_is_not_placed(office: Office, shops: tuple[Shop, Shop]) -> None:
    north, south = shops
    north.sell("n-1")
    plans = list(placement.plan(office, WHOLE))
    ask(office, south.tills[0], 700)
    for planned in plans:
        placement.order(office, planned, WHOLE)
    while placement.carry_out(office):
        pass
    assert sum(lying(office).values()) == 100
    assert free(office) == 0


@pytest.fixture
def config(office: Office, tmp_path: Path) -> Path:
    path = tmp_path / "office.toml"
    path.write_text(f'[paths]\nstate = "{office.state}"\n[placement]\npolicy = "half_at_home"\n')
    return path


def command(config: Path, *options: str) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["place", "--config", str(config), "--json", *options])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def test_the_command_plans_and_the_server_sets_aside(
    office: Office, shops: tuple[Shop, Shop], config: Path
) -> None:
    shops[0].sell("n-1")
    told = command(config, "--dry-run")
    planned = [{"store": "north", "allowances": 2, "points": 400, "recalled": 0}]
    assert (told["stores"], told["members"], lying(office)) == (planned, 1, {})
    projector = Projector(office, Judge(office.store), on_failure=lambda: None)
    projector.start()
    try:
        told = command(config)
    finally:
        projector.stop()
    assert (told["stores"], told["waiting"]) == (planned, 0)
    assert lying(office) == {"north-1": 200, "north-2": 200}
    assert rows(office, "SELECT booked_seq FROM own_journal") == [(2,)]


def test_where_no_server_runs_the_command_sets_aside_itself(
    office: Office, shops: tuple[Shop, Shop], config: Path
) -> None:
    shops[0].sell("n-1")
    office.close()
    told = command(config)
    assert told["waiting"] == 0
    text = CliRunner().invoke(main, ["place", "--config", str(config)])
    assert "policy half_at_home" in text.output
    again = Office(office.state, office.clock)
    assert lying(again) == {"north-1": 200, "north-2": 200}
    again.close()


def test_a_strict_voucher_lies_at_home_whole(office: Office, shops: tuple[Shop, Shop]) -> None:
    publish(office, STRICT, name="strict.toml")
    import_members(office, LIST, name="vouchers.csv")
    shops[0].sell("n-1")
    for _ in range(2):
        night(office, HALF)
        assert rows(office, "SELECT wallet, issued FROM allowance") == [("voucher:pastry", 2)]
