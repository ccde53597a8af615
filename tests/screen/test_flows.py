"""Sales as cashier and customer see them: a real scanner's line, a real daemon, a real browser, and axe."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest

from tests.screen.screens import Role, Screens
from tests.screen.stand import BLOCKED, STRANGER, Stand
from tests.till.desk import CARD

ROLES: tuple[Role, ...] = get_args(Role)


def test_a_member_is_found_and_shown_on_both(screens: Screens) -> None:
    screens.assert_clean()
    screens.stand.rig.scan(CARD)
    for page in (screens.cashier, screens.customer):
        page.bring_to_front()
        page.get_by_text("1,250 points").wait_for()
        for text in ("…0019 (13)", "Gold", "as of "):
            assert text in page.locator("#card").inner_text()
        assert CARD not in page.content()
    screens.assert_clean()


def test_a_basket_says_what_it_gives_and_what_is_missing(screens: Screens) -> None:
    stand = screens.stand
    stand.quote(stand.basket(stand.known()))
    screens.until("customer", "#basket", "Triple points on fresh food: +27 points")
    screens.until("customer", "#basket", "after confirmation")
    screens.until("cashier", "#hints", "4.00 off a basket of 60.00: 4.50 more")
    screens.until("cashier", "#hints", "44.50 more this year and you are Platinum")
    screens.assert_clean()


def test_an_unknown_card_goes_on_and_may_join(screens: Screens) -> None:
    screens.stand.rig.scan(STRANGER)
    screens.until("customer", "#said", "We do not know this card yet")
    screens.until("cashier", "#said", "Unknown card")
    screens.press("cashier", "F4")
    form = screens.cashier.locator("#asked")
    assert form.get_by_role("checkbox").count() == 2
    assert form.locator("input:checked").count() == 0
    assert screens.cashier.evaluate("document.activeElement.type") == "checkbox"
    screens.assert_clean()
    screens.press("cashier", "Escape")
    screens.gone("cashier", "#asked")
    assert screens.cashier.evaluate("document.activeElement.dataset.key") == "F4"


def test_a_customer_joins_with_a_fresh_card_and_earns_at_once(screens: Screens) -> None:
    stand = screens.stand
    stand.rig.scan(STRANGER)
    screens.until("cashier", "#said", "Unknown card")
    screens.press("cashier", "F4")
    screens.cashier.locator("#asked input[type=checkbox]").first.check()
    screens.press("cashier", "Enter")
    screens.until("cashier", "#said", "Enrolled")
    screens.until("customer", "#said", "Your card is here")
    screens.gone("cashier", "#asked")
    screens.assert_clean()


def test_a_payment_card_is_refused_and_appears_nowhere(screens: Screens) -> None:
    screens.stand.rig.scan("4111111111111111")
    for role in ROLES:
        screens.until(role, "#said", "This is a payment card, not a loyalty card.")
        assert "1111" not in screens.page(role).content()
    screens.assert_clean()


def test_a_blocked_card_is_told_plainly(screens: Screens) -> None:
    screens.stand.rig.scan(BLOCKED)
    screens.until("cashier", "#said", "This card is blocked: go on without points")
    screens.until("customer", "#said", "Please ask the staff")
    screens.assert_clean()


def test_a_reader_that_is_pulled_is_red_until_it_is_back(screens: Screens) -> None:
    screens.stand.rig.unplug()
    screens.until("cashier", "#banners", "Reader scanner does not answer")
    screens.assert_clean()
    screens.stand.rig.plug()
    screens.until("cashier", "#said", "Reader scanner is ready")
    assert "does not answer" not in screens.cashier.locator("#banners").inner_text()
    screens.stand.rig.scan(CARD)
    screens.until("cashier", "#card", "1,250 points")


def test_head_office_away_is_amber_and_the_till_goes_on(screens: Screens) -> None:
    banner = screens.page("cashier").locator("#banners [data-tone='attention']")
    assert "Cards, discounts, points and receipts work." in banner.inner_text()
    assert screens.cashier.locator("#banners [data-tone='bad']").count() == 0
    stand = screens.stand
    sale = stand.basket(stand.known())
    stand.commit(sale, stand.quote(sale)["etag"])
    screens.until("cashier", "#said", "Paid and booked")
    screens.until("customer", "#basket", "after confirmation")
    screens.assert_clean()


def test_a_sale_paid_with_points_and_its_return(screens: Screens) -> None:
    stand = screens.stand
    sale = stand.basket(stand.known(), redeem={"points": 300})
    etag = stand.quote(sale)["etag"]
    stand.hold(sale, etag)
    screens.until("customer", "#said", "Points are set aside")
    stand.rig.scan(STRANGER)
    screens.until("cashier", "#said", "Card read while paying")
    screens.assert_clean()
    stand.commit(sale, etag)
    screens.until("customer", "#said", "Thank you! Your points are booked")
    screens.until("customer", "#basket", "300 points")
    screens.assert_clean()
    back = {"lines": [{"line": 2}], "returned_at": sale["sold_at"]}
    stand.call("PUT", f"/v1/receipts/{sale['receipt_id']}/returns/x", back)
    screens.until("cashier", "#said", "38 points taken back, 73 points given back")
    screens.assert_clean()


def test_a_customer_chooses_how_much_to_spend_and_the_pos_asks_again(screens: Screens) -> None:
    stand = screens.stand
    sale = stand.basket(stand.known())
    stand.quote(sale)
    screens.page("customer").locator("[data-key='F2']").click()
    screens.page("customer").get_by_role("button", name="Most: 1,000 points").click()
    screens.press("customer", "Enter")
    for role in ROLES:
        screens.until(role, "#said", "Pay with 1,000 points")
    screens.gone("customer", "#asked")
    screens.assert_clean()
    sale["redeem"] = {"points": 1000}
    stand.quote(sale)
    for role in ROLES:
        screens.until(role, "#said", "To pay: $45.50")
    screens.press("cashier", "F2", "0", "Enter")
    screens.until("customer", "#said", "No points to be spent")


def test_more_than_the_most_is_not_even_sent(screens: Screens) -> None:
    screens.stand.quote(screens.stand.basket(screens.stand.known()))
    screens.page("cashier").locator("[data-key='F2']").click()
    screens.press("cashier", *"1001", "Enter")
    screens.until("cashier", "#problem", "How many, at most 1,000 points?")
    assert screens.cashier.locator("[aria-invalid]").count() == 1
    screens.assert_clean()
    for digit in ("erase", "2", "5"):
        name = "Erase" if digit == "erase" else digit
        screens.cashier.get_by_role("button", name=name, exact=True).click()
    screens.press("cashier", "Enter")
    screens.until("customer", "#said", "Pay with 25 points")


def test_what_was_said_is_taken_or_declined_by_key_and_reported_once(screens: Screens) -> None:
    stand = screens.stand
    sale = stand.basket(stand.known())
    quote = stand.quote(sale)
    screens.page("cashier").locator("[data-key='F8']").wait_for()
    screens.press("cashier", "F8")
    screens.until("cashier", "#hints", "declined")
    screens.press("cashier", "F7")
    screens.until("cashier", "#hints", "taken")
    screens.cashier.locator("#hints .hint", has_text="Platinum").locator("[data-key='F7']").wait_for()
    screens.press("cashier", "F7")
    screens.gone("cashier", "[data-key='F7']")
    screens.assert_clean()
    stand.commit(sale, quote["etag"])
    screens.gone("cashier", "#hints")
    assert stand.prompts(sale["receipt_id"]) == ["declined", "taken", "taken"]


@pytest.mark.parametrize("is_late", [False, True])
def test_a_card_shown_too_late_is_attached_to_the_receipt(screens: Screens, is_late: bool) -> None:
    stand = screens.stand
    sale = stand.basket()
    etag = stand.quote(sale)["etag"]
    if is_late:
        stand.call("PUT", "/v1/accepting", {"accepting": False})
        stand.rig.scan(CARD)
        screens.until("cashier", "#said", "Card read while paying")
    stand.commit(sale, etag)
    if not is_late:
        stand.rig.scan(CARD)
    question = f"Attach …0019 (13) to receipt {sale['receipt_id']}?"
    screens.until("cashier", "#actions", question)
    screens.assert_clean()
    screens.press("cashier", "F9")
    screens.until("cashier", "#said", f"Receipt {sale['receipt_id']} belongs to the card now")
    screens.gone("cashier", "#actions")
    screens.assert_clean()


def test_a_parked_sale_makes_room(screens: Screens) -> None:
    stand = screens.stand
    sale = stand.basket(stand.known())
    stand.quote(sale)
    stand.call("PUT", f"/v1/receipts/{sale['receipt_id']}/park")
    screens.until("cashier", "#said", "is put aside: the next customer, please")
    screens.until("customer", "#said", "Welcome! Please show your card")
    screens.gone("customer", "#basket")
    screens.assert_clean()


def test_a_screen_comes_back_by_itself_when_the_agent_does(screens: Screens) -> None:
    screens.stand.agent.processes[0].kill()
    screens.until("cashier", "#said", "Sell on without points.")
    screens.until("customer", "#said", "One moment, please")
    screens.assert_clean()
    screens.stand.start()
    screens.until("cashier", "#said", "Ready for a card")
    screens.stand.rig.scan(CARD)
    screens.until("customer", "#card", "1,250 points")


def test_the_token_is_wiped_from_the_address_and_a_reload_knows_it(screens: Screens) -> None:
    page = screens.page("cashier")
    assert page.evaluate("location.href").endswith("/cashier")
    page.reload()
    screens.until("cashier", "#said", "Ready for a card")
    assert page.evaluate("history.length") <= 2


def test_without_a_token_nothing_is_shown(browser: Any, stand: Stand) -> None:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{stand.port}/cashier#token=wrong")
    page.locator("[data-lost='true']").wait_for()
    assert page.locator("#card").is_hidden()
    page.close()


@pytest.fixture
def counted(browser: Any, stand: Stand) -> Iterator[Screens]:
    """Screens that count the tones they play."""
    count = (
        "let tones = 0; const ours = AudioContext.prototype, make = ours.createOscillator;"
        "ours.createOscillator = function () {"
        "  document.documentElement.dataset.tones = ++tones; return make.call(this); };"
    )
    one = Screens(browser, stand, prepare=lambda page: page.add_init_script(count))
    yield one
    one.close()


def test_what_happens_is_heard_and_what_is_asked_again_is_not(counted: Screens) -> None:
    counted.stand.rig.scan(CARD)
    counted.until("cashier", "#said", "Card known")
    counted.cashier.locator("html[data-tones='1']").wait_for()
    counted.stand.quote(counted.stand.basket())
    counted.until("cashier", "#said", "To pay")
    assert counted.cashier.locator("html[data-tones='1']").count() == 1
    counted.stand.rig.scan(STRANGER)
    counted.until("cashier", "#said", "Unknown card")
    counted.cashier.locator("html[data-tones='3']").wait_for()
