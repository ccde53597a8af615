"""A wallet that only earns while head office is away: what is held here stays, and the reason says why."""

from pathlib import Path

from tests.till.desk import CLUB, Desk, basket, sell

EARN_ONLY = CLUB.read_bytes().replace(
    b"[wallet.points]\n", b'[wallet.points]\noffline = { mode = "earn_only" }\n'
)


def test_an_earn_only_wallet_pays_nothing_offline_though_an_allowance_lies_here(tmp_path: Path) -> None:
    desk = Desk(tmp_path, programme=EARN_ONLY)
    desk.know_member(500)
    desk.allow(500)
    sale = basket(instruments=[desk.identify()["identification_id"]], redeem={"points": 300})
    quote, answer = sell(desk, sale)
    assert (quote.wallets[0].redeem, quote.due_minor) == (0, 1550)
    assert quote.wallets[0].earn > 0
    assert {reason.rule: reason.code for reason in quote.reasons}["pay"] == "offline_limit"
    assert answer["differences"] == []
    desk.ledger.close()


def test_it_pays_again_when_head_office_answers(tmp_path: Path) -> None:
    desk = Desk(tmp_path, programme=EARN_ONLY)
    desk.know_member(500)
    desk.allow(500)
    desk.link.state.online = True
    sale = basket(instruments=[desk.identify()["identification_id"]], redeem={"points": 300})
    quote, _ = sell(desk, sale)
    assert quote.wallets[0].redeem == 300
    desk.ledger.close()
