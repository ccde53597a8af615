"""The pages in each language and light, and with texts half as long again: clean, and nothing overflows."""

from typing import Any, get_args

import pytest

from tests.screen.screens import Role, Screens
from tests.screen.stand import STRANGER, Stand

ROLES: tuple[Role, ...] = get_args(Role)
LOOKS = [("ru", "dark"), ("fi", "light"), ("en", "dark")]


@pytest.mark.parametrize(("lang", "scheme"), LOOKS)
def test_each_language_and_light_is_clean_in_a_whole_sale(
    browser: Any, stand: Stand, lang: str, scheme: str
) -> None:
    screens = Screens(browser, stand, lang=lang, scheme=scheme)
    whole_sale(screens)
    assert screens.cashier.evaluate("document.documentElement.lang") == lang
    screens.close()


LONGER = """
const original = window.fetch;
const words = ["text", "said", "title", "label", "detail", "note", "value", "gives", "as_of", "tier"];
const more = (text) => text + " " + "ölänäkkö".repeat(9).slice(0, text.length / 2);
const longer = (value, name) => {
  if (Array.isArray(value)) return value.map((one) => longer(one, name));
  if (typeof value === "string") return words.includes(name) ? more(value) : value;
  if (!value || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, longer(one, key)]));
};
window.fetch = async (path, options) => {
  const answer = await original(path, options);
  return path.startsWith("/screen/") && answer.ok ? Response.json(longer(await answer.json())) : answer;
};
"""


@pytest.mark.parametrize("width", [1024, 480])
def test_texts_half_as_long_again_find_their_place(browser: Any, stand: Stand, width: int) -> None:
    def prepare(page: Any) -> None:
        page.set_viewport_size({"width": width, "height": 768})
        page.add_init_script(LONGER)

    screens = Screens(browser, stand, prepare=prepare)
    whole_sale(screens)
    assert "ölänäkkö" in screens.cashier.content()
    screens.close()


def whole_sale(screens: Screens) -> None:
    """Quote, choose, unknown card: the fullest screens there are, each looked over."""
    stand = screens.stand
    stand.quote(stand.basket(stand.known()))
    for role in ROLES:
        screens.page(role).locator("#basket li").first.wait_for()
        screens.page(role).locator("#actions button").wait_for()
    screens.assert_clean()
    for role in ROLES:
        screens.press(role, "F2")
    screens.assert_clean()
    stand.rig.scan(STRANGER)
    for role in ROLES:
        screens.page(role).locator("[data-key='F4']").wait_for()
        screens.press(role, "F4")
    screens.assert_clean()
