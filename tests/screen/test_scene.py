"""What stands on the counter after this and that."""

from typing import Any

from agent.screen.scene import UNFOLDED, Scene

CARD = {"identification_id": "token", "masked": "…0019 (13)", "result": "identified", "open_receipt": ""}


def after(*events: tuple[str, dict[str, Any]]) -> Scene:
    scene = Scene()
    for kind, data in events:
        scene.hear(kind, data)
    return scene.now()


def of(kind: str, receipt: str = "r1", **more: Any) -> tuple[str, dict[str, Any]]:
    return kind, {"receipt_id": receipt, **more}


CARD_READ = ("member.identified", CARD)


def test_a_card_stays_through_quote_hold_and_payment() -> None:
    scene = after(CARD_READ, of("quote.updated"), of("receipt.held"), of("receipt.committed"))
    assert (scene.card, scene.receipt, scene.stage) == (CARD, "r1", "committed")


def test_the_next_card_clears_the_counter_of_a_paid_receipt() -> None:
    other = {**CARD, "masked": "…0026 (13)"}
    scene = after(CARD_READ, of("quote.updated"), of("receipt.committed"), ("card.unknown", other))
    assert (scene.card, scene.receipt, scene.stage, scene.before) == (other, "", "", "r1")


def test_the_next_receipt_clears_it_too() -> None:
    scene = after(CARD_READ, of("receipt.committed"), of("quote.updated", "r2"))
    assert (scene.card, scene.receipt, scene.stage) == ({}, "r2", "quoted")


def test_a_card_read_before_the_first_quote_belongs_to_it() -> None:
    scene = after(of("receipt.committed", "r0"), CARD_READ, of("quote.updated"))
    assert (scene.card, scene.receipt, scene.before) == (CARD, "r1", "")


def test_news_of_an_older_receipt_does_not_take_the_screen_from_a_sale() -> None:
    for kind in ("receipt.returned", "receipt.voided", "receipt.committed"):
        scene = after(CARD_READ, of("quote.updated"), of(kind, "r0"))
        assert (scene.card, scene.receipt, scene.stage) == (CARD, "r1", "quoted")
        assert scene.last[0] == kind


def test_a_late_card_waits_until_the_next_customer() -> None:
    late = {**CARD, "open_receipt": "r1"}
    paid = [of("quote.updated"), of("receipt.held"), ("card.late", late), of("receipt.committed")]
    assert after(*paid).late == late
    assert after(*paid, CARD_READ).late == {}
    assert after(*paid, of("receipt.claimed")).late == {}


def test_a_card_read_while_the_gate_is_closed_by_hand_is_late_for_the_sale_on_the_counter() -> None:
    scene = after(of("quote.updated"), ("card.late", CARD), of("receipt.committed"))
    assert scene.late["open_receipt"] == "r1"


def test_what_the_customer_chose_stands_until_the_pos_has_asked_again() -> None:
    chosen = of("customer.answered", code="redeem", values={"wallet": "points", "points": 5})
    assert after(of("quote.updated"), chosen).chosen == chosen[1]
    assert after(of("quote.updated"), chosen, of("quote.updated")).chosen == {}


def test_what_became_of_a_prompt_is_forgotten_with_its_receipt() -> None:
    taken = of("prompt.taken", code="missing_amount", rule="big")
    assert after(of("quote.updated"), taken).answered == {("missing_amount", "big"): "taken"}
    assert after(of("quote.updated"), taken, of("quote.updated", "r2")).answered == {}


def test_a_customer_hears_nothing_of_readers_and_alarms() -> None:
    scene = after(CARD_READ, ("device.down", {"device": "s"}), ("alarm", {"receipt_id": "r", "code": "c"}))
    assert (scene.told, scene.last[0]) == (CARD_READ, "alarm")


def test_a_reader_that_starts_is_no_news_and_one_that_comes_back_is() -> None:
    up = ("device.up", {"device": "s"})
    assert after(up).last[0] == ""
    assert after(("device.down", {"device": "s"}), up).last == up


def test_a_parked_sale_makes_room_and_comes_back_with_its_quote() -> None:
    parked = [CARD_READ, of("quote.updated"), of("receipt.parked", state="quoted")]
    assert (after(*parked).card, after(*parked).receipt) == ({}, "")
    assert after(*parked, of("quote.updated")).receipt == "r1"
    assert after(CARD_READ, of("quote.updated"), of("receipt.parked", "r0")).receipt == "r1"


def test_what_became_of_a_prompt_is_shown_beside_it_and_not_said() -> None:
    assert after(of("receipt.parked"), of("prompt.shown", code="say")).last[0] == "receipt.parked"


def test_only_the_last_events_wait_for_a_screen() -> None:
    scene = after(*[of("quote.updated", f"r{number}") for number in range(UNFOLDED + 9)])
    assert (scene.receipt, scene.moment) == (f"r{UNFOLDED + 8}", UNFOLDED + 9)
