"""The screens' part of the doors: pages for anybody here, what they show for who has a token."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from agent.daemon.server import loopback_socket
from agent.screen.door import PAGES, with_screens
from agent.screen.present import Presence
from agent.till.api import build_app
from agent.till.guard import LoopbackGuard
from agent.till.quote import TillSettings
from tests.till.desk import Desk
from tests.till.serving import Door, served

STATIC = files("agent.screen").joinpath("static")
SCRIPT_BYTES = 10 * 1024


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    one.ledger.close()


@pytest.fixture
def door(desk: Desk) -> Iterator[Door]:
    listening = loopback_socket(0)
    port = listening.getsockname()[1]
    presence = Presence(
        desk.quoter,
        desk.ledger.read,
        clock=desk.clock,
        settings=TillSettings("1", "1-1", "USD"),
        time_zone="UTC",
        hello=desk.checkout.hello,
    )
    app = with_screens(build_app(desk.checkout, list), presence, list)
    guard = LoopbackGuard(app, port=port, tokens={"screen": "secret"}, origins=[], pages=PAGES)
    with served(guard, listening) as one:
        yield one


def ours(door: Door, **more: str) -> dict[str, str]:
    return {"Host": f"127.0.0.1:{door.address[1]}", **more}


@pytest.mark.parametrize("path", sorted(PAGES))
def test_a_browser_opens_the_pages_without_a_token(door: Door, path: str) -> None:
    status, told = door.call("GET", path, None, ours(door))
    assert (status, told) == (200, STATIC.joinpath(PAGES[path][0]).read_bytes())


@pytest.mark.parametrize("path", ["/screen/cashier", "/screen/customer", "/v1/events"])
def test_what_is_shown_needs_a_token(door: Door, path: str) -> None:
    assert door.call("GET", path, None, ours(door))[0] == 401


@pytest.mark.parametrize("path", sorted(PAGES))
def test_a_page_elsewhere_gets_not_even_the_pages(door: Door, path: str) -> None:
    assert door.call("GET", path, None, {"Host": "rebound.example"})[0] == 403
    assert door.call("POST", path, {}, ours(door))[0] == 401


def test_our_own_page_may_call_and_others_may_not(door: Door) -> None:
    allowed = ours(door, Authorization="Bearer secret", Origin=f"http://127.0.0.1:{door.address[1]}")
    assert door.call("PUT", "/v1/accepting", {"accepting": True}, allowed)[0] == 200
    refused = {**allowed, "Origin": "http://127.0.0.1:1"}
    assert door.call("PUT", "/v1/accepting", {"accepting": True}, refused)[0] == 403


def test_a_screen_is_told_in_the_language_it_asks_for(door: Door) -> None:
    told = ours(door, Authorization="Bearer secret")
    assert door.call("GET", "/screen/cashier?lang=fi", None, told)[1]["said"] == "Valmis: lue kortti"
    assert door.call("GET", "/screen/cashier?lang=xx", None, told)[1]["lang"] == "en"
    assert door.call("GET", "/screen/cashier?lang=%ff", None, told)[0] == 200


def test_other_paths_are_the_interfaces_own(door: Door) -> None:
    told = ours(door, Authorization="Bearer secret")
    assert door.call("GET", "/v1/hello", None, told)[0] == 200
    assert door.call("GET", "/screen/nobody", None, told)[0] == 404


def test_the_page_holds_no_script_and_no_style_of_its_own() -> None:
    page = STATIC.joinpath("screen.html").read_text(encoding="utf-8")
    assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?! src=\"/screen.js\" defer></script>)", page) == []


def test_the_script_is_small_and_writes_no_markup() -> None:
    script = STATIC.joinpath("screen.js").read_text(encoding="utf-8")
    assert len(script.encode()) <= SCRIPT_BYTES
    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function", script) == []
    )
