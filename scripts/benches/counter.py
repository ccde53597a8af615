"""What a cashier waits for, with six million members and head office away: `scripts/bench counter`.

From the end of a scan on a real serial line to masked card, tier and balance painted in a real Chromium;
then quotes and commits over the POS's socket while both screens stand open.  Page and bench read one
clock; how far the two are apart is measured first and is less than a call to the page takes.
"""

import json
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from agent.headoffice.store.directory_file import Listed
from agent.loyalty.compact import compact
from scripts.benches.directory import MEMBERS, facts_of, name_of, tag
from scripts.benches.figures import CannotRun, Line, line, percentile
from scripts.benches.quote import Door, basket_of, call
from scripts.benches.quote_server import club_text
from scripts.benches.start import first_answer, make_till, start
from tests.drivers.rigs import PtyRig
from tests.parts import MissingPart
from tests.screen.browser import browsing, chromium, playwright
from tests.screen.stand import TIERS, TOKEN, free_port

SCANS, SALES, WARM_UP = 300, 300, 20
SCREEN_MS, QUOTE_MS, COMMIT_MS = 150.0, 30.0, 50.0
NOTE_PAINTED = """
addEventListener("DOMContentLoaded", () => {
  const card = document.getElementById("card"), told = document.documentElement.dataset;
  const painted = () => requestAnimationFrame(() => setTimeout(() => {
    told.at = performance.timeOrigin + performance.now();
    told.card = card.innerText;
  }));
  new MutationObserver(painted).observe(card, { childList: true, subtree: true, attributes: true });
});
"""


def measure(folder: Path, members: int = MEMBERS) -> list[Line]:
    """Return bench lines; making the members' file takes a minute and a gigabyte.

    Raises:
        CannotRun: no pseudo-terminal, no Chromium or no Playwright here.
    """
    rig = PtyRig(folder / "scanner")
    try:
        playwright()
        executable = chromium()
        rig.plug()
    except MissingPart as why:
        raise CannotRun(str(why)) from None
    port = free_port()
    (folder / "tokens").write_text(f"screen {TOKEN}\n", encoding="ascii")
    more = (
        f'[[device]]\nname="scanner"\ndriver="serial_scanner"\nport="{rig.link}"\n'
        f'[pos]\nloopback=true\nport={port}\ntokens_file="{folder}/tokens"\n'
    )
    config = make_till(folder, _with_tiers(members), club_text() + TIERS.encode(), more)
    socket = folder / "run" / "pos.sock"
    with ExitStack() as stack:
        daemon = stack.enter_context(start(config))
        stack.callback(daemon.terminate)
        first_answer(socket, f"299{0:010d}")
        browser = stack.enter_context(browsing(executable))
        cashier, _ = (_opened(browser, port, role) for role in ("cashier", "customer"))
        shown = _scans(rig, cashier, members)
        quotes, commits = _sales(socket, members)
    rig.unplug()
    return [
        *_lines("counter_screen", shown, SCREEN_MS),
        *_lines("counter_quote", quotes, QUOTE_MS),
        *_lines("counter_commit", commits, COMMIT_MS),
    ]


def _lines(name: str, taken: list[float], bar_ms: float) -> list[Line]:
    p50, p99 = statistics.median(taken), percentile(taken, 99)
    return [
        line(f"{name}_p99", p99, f"{bar_ms:.0f} ms", bar_ms, goal=1.0),
        line(f"{name}_p50", p50, f"{bar_ms:.0f} ms", bar_ms),
    ]


def _with_tiers(members: int) -> Iterator[Listed]:
    for number in range(members):
        facts = msgspec.structs.replace(facts_of(number), tier="gold")
        yield Listed(name_of(number), number, compact(facts), [(tag(number), False)])


def _opened(browser: Any, port: int, role: str) -> Any:
    page = browser.new_context().new_page()
    page.add_init_script(NOTE_PAINTED)
    page.goto(f"http://127.0.0.1:{port}/{role}#token={TOKEN}&lang=en")
    page.locator("#said:not(:empty)").wait_for()
    return page


def _scans(rig: PtyRig, page: Any, members: int) -> list[float]:
    """Scan cards one after another; return the milliseconds until each was painted."""
    page.bring_to_front()  # a page behind another one is painted late
    ahead_ms = _ahead_ms(page)
    chance, taken = Random(3), []
    for turn in range(SCANS + WARM_UP):
        # Its last four digits tell a card from the one before.
        number = (chance.randrange(members) // 10_000 * 10_000 + turn) % members
        begun_ms = time.time() * 1000
        rig.scan(f"299{number:010d}")
        page.locator(f"html[data-card*='…{number % 10_000:04d} (13)']").wait_for(state="attached")
        told = page.evaluate("({ ...document.documentElement.dataset })")
        assert "Gold" in told["card"], told
        assert f"{number % 5000:,} point" in told["card"], told
        taken.append(float(told["at"]) - ahead_ms - begun_ms)
    return taken[WARM_UP:]


def _ahead_ms(page: Any) -> float:
    """Return how far the page's clock is ahead of ours, from the quickest of some looks."""
    looks = []
    for _ in range(50):
        begun = time.time() * 1000
        there = page.evaluate("performance.timeOrigin + performance.now()")
        ended = time.time() * 1000
        looks.append((ended - begun, there - (begun + ended) / 2))
    return float(min(looks)[1])


def _sales(socket: Path, members: int) -> tuple[list[float], list[float]]:
    """Sell to one member after another; return how long quote and commit took, in milliseconds."""
    door, chance = Door(socket), Random(4)
    quotes: list[float] = []
    commits: list[float] = []
    for turn in range(SALES + WARM_UP):
        told = {"value": f"299{chance.randrange(members):010d}", "entry_mode": "Scanned"}
        known = json.loads(call(door, "POST", "/v1/identifications", json.dumps(told).encode()))
        sale = {**basket_of(known["identification_id"]), "receipt_id": f"bench-{turn}"}
        path, body = f"/v1/receipts/bench-{turn}", json.dumps(sale).encode()
        begun = time.perf_counter()
        quote = json.loads(call(door, "PUT", f"{path}/quote", body))
        quotes.append((time.perf_counter() - begun) * 1000)
        paid = json.dumps({"etag": quote["etag"], "basket": sale, "tenders": []}).encode()
        begun = time.perf_counter()
        call(door, "POST", f"{path}/commit", paid)
        commits.append((time.perf_counter() - begun) * 1000)
    door.close()
    return quotes[WARM_UP:], commits[WARM_UP:]
