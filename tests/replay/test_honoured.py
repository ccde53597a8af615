"""How many wishes are honoured offline: the count in memory is what real parts do, and it has teeth."""

import json
from pathlib import Path
from random import Random

import msgspec
import pytest

from agent.config.headoffice import Placement
from agent.headoffice import delta, placement, tills
from agent.headoffice.publish import publish
from agent.headoffice.store import placements
from agent.journal.entry import Draft
from agent.sync.wire import Delta, Pull
from scripts.faulting import honoured
from scripts.honouring.cases import Case
from scripts.honouring.paying import Paying
from scripts.honouring.stock import POOL, Account, Shops
from scripts.honouring.truth import Truth
from tests.pool.shop import OWNED, Shop
from tests.replay.parts import real_receipts

STORE = 12
STEPS = 25


class Counted:
    """A shop of real parts beside the same shop as this run counts it."""

    def __init__(self, folder: Path, config: Placement) -> None:
        self.shop, self.config = Shop(folder), config
        publish(self.shop.office, Paying().text.encode(), name="two-per-cent.toml")
        self._greet_as_pool()
        self._visit()
        self.shop.sync()
        self.account = Account()
        self.account.free = OWNED
        self.case = Case("tried", config, has_pool=True)
        self.receipts = self.stock = 0

    def night(self) -> None:
        office, pool = self.shop.office, self.shop.pool
        with office.store.writing():
            placements.clear(office.store)
        for planned in placement.plan(office, self.config):
            placement.order(office, planned, self.config)
        while placement.carry_out(office):
            pass
        page = delta.page(office, pool.name, Pull(pool.ledger.incarnation, 0, stock=self.stock))
        assert isinstance(page, Delta)
        self.stock = page.stock_to
        pool.write(lambda tx: tx.apply_delta(page))
        self.account.place(self.case.policy, "m-1", STORE, self.case.shops.holders(), part=self.config.part)

    def earn(self, till: int, points: int) -> None:
        self.receipts += 1
        draft = Draft(
            "EARN", receipt=f"e-{self.receipts}", part="points/", account="m-1", unit="points", amount=points
        )
        self.shop.tills[till].write(lambda tx: tx.append(draft))
        self.shop.sync()
        self.account.free += points

    def wish(self, till: int, points: int) -> None:
        """Read the card with head office away, pay what there is, and let the pool hear of it."""
        self.shop.ask(till)
        place = Shops(has_pool=True, tills=2).holder(STORE, till)
        usable = self.shop.tills[till].usable()
        assert usable == sum(self.account.at(place))
        paid = self.shop.tills[till].redeem(points)
        assert paid == min(points, usable)
        self.account.spend(place, paid)
        self.shop.talk(till)
        self.shop.sync()

    def check(self) -> None:
        """Hold head office's books against the count: what is free, and each allowance of the pool."""
        rows = self.shop.office.store.rows(
            "SELECT sum(amount - spent - passed) AS points FROM allowance JOIN allowance_lot"
            " USING (incarnation, number) WHERE state = 'OPEN' AND purpose = 'STOCK' AND parent = 0"
            " GROUP BY number ORDER BY number"
        )
        booked = [int(row["points"]) for row in rows if row["points"]]
        assert booked == self.account.placed.get((STORE, POOL), [])
        assert self.shop.free() == self.account.free
        # What is earned here is more than the shop of that test ever owns: its sum does not hold.
        assert [one for one in self.shop.broken() if "> 800" not in one] == []

    def _greet_as_pool(self) -> None:
        pool, office = self.shop.pool, self.shop.office
        tills.greet(office, pool.name, msgspec.structs.replace(pool.end.hello(), role="pool"))
        delta.page(office, pool.name, Pull(pool.ledger.incarnation, 0, stock=0))

    def _visit(self) -> None:
        """Let head office know one visit, of which nothing else matters here."""
        store = self.shop.office.store
        day = self.shop.clock.now().date().isoformat()
        told = {"receipt": "v-1", "store": str(STORE), "day": day, "member": "m-1"}
        with store.writing():
            columns = store.rows("SELECT name, type FROM pragma_table_info('receipt')")
            row = {one["name"]: "" if one["type"] == "TEXT" else 0 for one in columns} | told
            marks = ", ".join("?" * len(row))
            store.run(f"INSERT INTO receipt ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))  # noqa: S608


@pytest.mark.parametrize("policy", ["whole_at_home", "half_at_home"])
@pytest.mark.parametrize("seed", [1, 2])
def test_office_pool_and_ledgers_do_what_is_counted(tmp_path: Path, policy: str, seed: int) -> None:
    counted, chance = Counted(tmp_path, Placement(policy=policy, least=20)), Random(seed)  # type: ignore[arg-type]
    for _ in range(STEPS):
        step = chance.choice(["night", "earn", "wish", "wish"])
        if step == "night":
            counted.night()
        elif step == "earn":
            counted.earn(chance.randrange(2), chance.randrange(1, 90))
        else:
            counted.wish(chance.randrange(2), chance.choice([5, 60, 400, 2000]))
        counted.check()
    counted.shop.close()


def test_the_truth_counts_what_nobody_owned_once_for_each_cut() -> None:
    truth = Truth()
    truth.online("m", earned=100, redeemed=0)
    for cut in (1, 2):
        truth.offline("m", cut, earned=0, redeemed=60)
        truth.offline("m", cut, earned=0, redeemed=70)
        truth.offline("m", cut, earned=50, redeemed=0)
    assert truth.overspent == 60
    assert truth.worst_cut == 30
    assert truth.balance("m") == 100


def test_the_first_weeks_overspend_nothing_and_the_planted_bugs_show(
    capsys: pytest.CaptureFixture[str],
) -> None:
    real_receipts()
    line = honoured.run(short=True, seed=1, policy=["whole-pool", "limited"])
    assert (line["overspent"], line["teeth"], line["ok"]) == (0, True, True)
    assert json.loads(json.dumps(line)) == line
    cuts = line["policies"]["whole-pool"]["cuts"]
    assert cuts["0"]["in_full_percent"] > cuts["7"]["in_full_percent"] > 0
    assert "whole-pool" in capsys.readouterr().out
