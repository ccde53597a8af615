"""A pool lends what it holds, what its tills leave comes home by their journals, head office books both."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agent.headoffice import delta, stock
from agent.headoffice.member_import import import_members
from agent.headoffice.stock import Order
from agent.journal.entry import Draft
from agent.ledger.borrowed import POOL, RECEIVED
from agent.ledger.transaction import Transaction
from agent.ledger.verify import verify as verify_ledger
from agent.sync.allowance import ask_pool
from agent.sync.wire import Delta, Pull
from tests.pool.shop import OWNED, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    shop.give(500)
    for at in range(2):
        shop.talk(at)
    yield shop
    assert shop.broken() == []
    shop.close()


def test_a_till_spends_what_the_pool_holds_with_head_office_away(shop: Shop) -> None:
    # 300 of one lot, 200 of the other, in one loan.
    assert shop.ask(0) == 1
    assert (shop.tills[0].usable(), shop.pool.usable()) == (500, 0)
    assert shop.tills[0].redeem(120) == 120
    shop.talk(0)
    assert (shop.tills[0].usable(), shop.pool.usable()) == (0, 380)
    assert shop.ask(1) == 1
    assert shop.tills[1].redeem(380) == 380
    assert shop.ask(0) == 0


def test_both_ends_agree_when_head_office_is_back(shop: Shop) -> None:
    shop.ask(0)
    shop.tills[0].redeem(120)
    shop.talk(0)
    shop.ask(1)
    shop.tills[1].redeem(380)
    shop.sync()
    shop.pool.close_all()
    shop.sync()
    assert shop.free() == OWNED - 500
    assert shop.office.store.rows("SELECT 1 FROM allowance WHERE state = 'OPEN'") == []


def test_head_office_may_hear_of_a_till_before_its_pool(shop: Shop) -> None:
    """The pool took the first loan home and lent it again; of all that only the last till is heard."""
    shop.ask(0)
    shop.pool.push()
    shop.pool.book()
    shop.tills[0].close_all()
    shop.talk(0)
    shop.ask(1)
    assert shop.tills[1].redeem(400) == 400
    shop.tills[1].push()
    shop.tills[1].book()
    assert shop.broken() == []
    shop.sync()
    assert shop.broken() == []
    assert shop.pool.usable() == 100
    shop.pool.close_all()
    shop.sync()
    assert shop.free() == OWNED - 400


def test_the_same_request_gets_the_same_loan_also_after_a_restart(shop: Shop) -> None:
    assert shop.ask(0, "unanswered") == 0
    shop.restart_pool()
    assert shop.ask(0, "unanswered") == 0
    assert shop.ask(0) == 1
    assert [one.kind for one in shop.pool.entries()].count("LEND") == 1
    assert shop.tills[0].usable() == 500


def test_what_came_home_after_the_pool_gave_its_allowance_back_is_head_offices(shop: Shop) -> None:
    shop.ask(0)
    shop.pool.close_all()
    shop.tills[0].redeem(100)
    shop.talk(0)
    assert shop.pool.usable() == 0
    shop.sync()
    assert shop.free() == OWNED - 100


def test_a_sale_that_is_undone_frees_its_points_for_the_member(shop: Shop) -> None:
    shop.ask(0)
    shop.tills[0].redeem(100)
    shop.talk(0)
    shop.tills[0].void_last()
    shop.sync()
    shop.pool.close_all()
    shop.sync()
    assert shop.free() == OWNED


def test_a_loan_whose_answer_never_came_is_declared_and_comes_home(shop: Shop) -> None:
    shop.ask(0, "unanswered")
    assert shop.pool.usable() == 0
    shop.sessions[0].hang_up("cut")
    shop.talk(0)
    assert shop.pool.usable() == 500
    late = shop.lines[0].late.pop()
    assert not shop.tills[0].write(lambda tx: tx.accept_allowance(late))
    assert shop.ask(0) == 0  # the same request, whose loan is home
    assert shop.ask(0) == 1
    shop.sync()


def test_points_that_the_pool_lent_are_not_its_own_to_spend(shop: Shop) -> None:
    shop.ask(0)
    assert shop.pool.redeem(1) == 0


def test_nothing_comes_home_because_time_passed(shop: Shop) -> None:
    shop.ask(0)
    shop.clock.advance(days=30)
    shop.talk(0)
    assert [one.kind for one in shop.pool.entries()] == ["LEND"]


def test_a_pool_that_came_back_as_an_old_copy_lends_nothing(shop: Shop) -> None:
    copy = {path.name: path.read_bytes() for path in shop.pool.folder.iterdir() if path.is_file()}
    shop.ask(0)
    shop.pool.ledger.close()
    for path in shop.pool.folder.iterdir():
        path.unlink()
    for name, content in copy.items():
        (shop.pool.folder / name).write_bytes(content)
    (shop.pool.folder / "witness").unlink(missing_ok=True)
    shop.pool.open()
    shop.restart_pool(first=True)
    shop.sessions[0].hang_up("cut")
    shop.talk(0)
    assert "old copy" in shop.pool.ledger.read.frozen()
    assert shop.ask(1) == 0


def test_a_till_that_comes_back_from_another_pool_is_no_sign_of_an_old_copy(shop: Shop) -> None:
    shop.tills[0].redeem(1)  # an entry that this pool never gets

    def elsewhere(tx: Transaction) -> None:
        tx.set_mark(POOL, "f" * 32)
        tx.set_mark(RECEIVED, tx.head()[0])

    shop.tills[0].write(elsewhere)
    shop.sessions[0].hang_up("cut")
    shop.talk(0)
    assert shop.pool.ledger.read.frozen() == ""
    assert shop.ask(0) == 1


def test_every_ledger_verifies_with_loans_in_it(shop: Shop) -> None:
    shop.ask(0)
    shop.tills[0].redeem(10)
    shop.talk(0)
    shop.ask(1)
    for journal in shop.journals:
        assert verify_ledger(journal.folder).problems == []


def test_a_strict_voucher_placed_with_the_pool_is_lent_used_once_and_both_ends_agree(shop: Shop) -> None:
    wallet = "voucher:pastry"
    import_members(
        shop.office, "member,voucher,voucher_id,voucher_until\nm-1,pastry,p-1,2026-12-31\n", name="v.csv"
    )
    order = Order(shop.pool.ledger.incarnation, "m-1", wallet, 1, "s-1")
    assert stock.place(shop.office, [order], honour=timedelta(days=9)) == 1
    page = delta.page(shop.office, "12-1", Pull(shop.pool.ledger.incarnation, 0, stock=0))
    assert isinstance(page, Delta)
    shop.pool.write(lambda tx: tx.apply_delta(page))
    till, day = shop.tills[0], shop.clock.now().date()

    def ask(at: int) -> int:
        asked = ask_pool(shop.tills[at].ledger, shop.lines[at], "m-1", [wallet], deadline_s=5.0)
        return int(shop.run(asked).given)

    assert (ask(0), ask(1)) == (1, 0)
    assert till.ledger.read.held_vouchers("m-1", day) == {"p-1"}

    def use(tx: Transaction) -> None:
        (taken,) = tx.take("m-1", wallet, 1, day)
        data = {"id": "p-1", "voucher": "pastry"}
        tx.append(
            Draft("COUPON", receipt="r", part="p-1", account="m-1", allowance=taken.allowance, data=data)
        )
        tx.close_allowances("m-1", "r")

    till.write(use)
    till.push()
    till.book()
    shop.sync()
    assert ask(1) == 0
    assert [tuple(row) for row in shop.office.store.rows("SELECT kind, detail FROM difference")] == []
    assert tuple(shop.office.store.row("SELECT used FROM voucher")) == (1,)
    for journal in shop.journals:
        assert verify_ledger(journal.folder).ok
