"""Both screens of one till in a browser: what stands on them, and what axe has against them."""

from typing import Any, Literal, get_args

from tests.screen.browser import violations
from tests.screen.stand import Stand

Role = Literal["cashier", "customer"]
SIZE = {"width": 1024, "height": 768}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Screens:
    """The two pages; a wait ends as soon as it is so, and fails after five seconds."""

    def __init__(
        self, browser: Any, stand: Stand, *, lang: str = "en", scheme: str = "light", prepare: Any = None
    ) -> None:
        self.stand = stand
        self.complaints: list[str] = []
        self._context = browser.new_context(viewport=SIZE, color_scheme=scheme)
        self.cashier, self.customer = (self._opened(role, lang, prepare) for role in ("cashier", "customer"))

    def close(self) -> None:
        """Close them; nothing a page did may have been against its policy."""
        self._context.close()
        assert self.complaints == []

    def _opened(self, role: str, lang: str, prepare: Any) -> Any:
        page = self._context.new_page()
        page.set_default_timeout(5000)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda told: self._heard(told.text))
        if prepare is not None:
            prepare(page)
        page.goto(self.stand.address(role, lang))
        page.locator("#said:not(:empty)").wait_for()
        return page

    def _heard(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.complaints.append(text)

    def page(self, role: Role) -> Any:
        page = self.cashier if role == "cashier" else self.customer
        page.bring_to_front()  # a tab behind draws no more
        return page

    def until(self, role: Role, part: str, text: str) -> None:
        """Wait until a part of a page holds a text."""
        self.page(role).locator(part, has_text=text).first.wait_for()

    def gone(self, role: Role, part: str) -> None:
        """Wait until a part of a page is not there."""
        self.page(role).locator(part).wait_for(state="hidden")

    def press(self, role: Role, *keys: str) -> None:
        for key in keys:
            self.page(role).keyboard.press(key)

    def assert_clean(self) -> None:
        """Look both over as they stand: axe, nothing wider than the window, every target large enough."""
        for role in get_args(Role):
            page = self.page(role)
            assert violations(page) == []
            assert page.evaluate(OVERFLOW) <= 0
            boxes = [one.bounding_box() for one in page.locator("button:visible, input:visible").all()]
            assert [box for box in boxes if box["width"] < 24 or box["height"] < 24] == []
