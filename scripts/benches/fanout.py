"""A night's changes reach every till: `scripts/bench fanout`.

A real head office process takes a list of members in; 200 tills pull what changed.  Two of them are real
(ledger, session, client, a process each) and sell all the while, through the event loop that also takes the
news in, as in the daemon.  The others pull, check and count the same pages with keys of their own, and
store nothing.  Beside it the same pages come from a bare server that asks nobody who he is.
"""

import asyncio
import contextlib
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, Self

from scripts.benches.fanout_pulling import Pulled, pull_all, serve_bare
from scripts.benches.figures import Line, line, percentile
from scripts.benches.freshness import Till, plain, sale
from scripts.benches.head_office import HeadOffice
from scripts.benches.quote_server import ROOT
from scripts.faulting.line import hush

TILLS, REAL, ROWS = 200, 2, 100_000
ALONE_S = 10.0
SALE_EVERY_S = 0.1
SALE_MS = 10.0
FIRST = -15
"""The priority of the tills that sell (as root)."""


class Sold(NamedTuple):
    """What a selling till says at the end: what its sales took, and when it had all the news."""

    alone_ms: list[float]
    during_ms: list[float]
    had_all: float


def measure(folder: Path, tills: int = TILLS, rows: int = ROWS, alone_s: float = ALONE_S) -> list[Line]:
    """Return bench lines: a sale's p99 meanwhile, pages a second, how many different ones were made."""
    members = {f"m-{number}": f"299{number:010d}" for number in range(REAL)}
    office = HeadOffice(folder / "office", members=members, till_count=tills)
    news = folder / "night.csv"
    news.write_text(_night(rows))
    with office, ExitStack() as stack:
        tills_of_crowd = [plain(one) for one in office.tills[REAL:]]
        crowd = stack.enter_context(_Child(pull_all, office.port, tills_of_crowd))
        shops = [
            stack.enter_context(_Child(_shop, folder / f"till-{at}", at, plain(office.tills[at]), alone_s))
            for at in range(REAL)
        ]
        for child in (*shops, crowd):
            assert child.end.recv() == "ready"
        for shop in shops:
            shop.end.send("sell")
        for shop in shops:
            assert shop.end.recv() == "sold alone"
        _import(office, news)
        begun = time.monotonic()
        for child in (*shops, crowd):
            child.end.send(rows)
        pulled: Pulled = crowd.end.recv()
        sold: list[Sold] = [shop.end.recv() for shop in shops]
    bare_s = _bare(pulled, tills_of_crowd)
    return _lines(pulled, sold, begun, bare_s, rows=rows, tills=tills)


def _lines(
    pulled: Pulled, sold: list[Sold], begun: float, bare_s: float, *, rows: int, tills: int
) -> list[Line]:
    what = f"{rows} members, {tills} tills"
    during = [one for shop in sold for one in shop.during_ms]
    alone = [one for shop in sold for one in shop.alone_ms]
    reached_s = max(pulled.had_all, *(shop.had_all for shop in sold)) - begun
    crowd_s, one_till = pulled.had_all - pulled.begun, pulled.pages / (tills - REAL)
    return [
        line("fanout_sale_p99", percentile(during, 99), "a sale meanwhile in 10 ms", SALE_MS, goal=1.0),
        line("fanout_sale_alone_p99", percentile(alone, 99), "the same before the news", None),
        line("fanout_reached", reached_s, what, None, unit="s"),
        line(
            "fanout_pages", pulled.pages / crowd_s, "pages a second, a bare server", pulled.pages / bare_s,
            unit="1/s", better="higher",
        ),
        line("fanout_made", float(pulled.different), "pages of one till", one_till, unit="", goal=2.0),
        line("fanout_bytes", pulled.size / (tills - REAL) / 2**20, "a till", None, unit="MiB"),
    ]  # fmt: skip


class _Child:
    """A process of its own, and the end of a pipe to it."""

    def __init__(self, work: Any, *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self.end, far = context.Pipe()
        self.process = context.Process(target=work, args=(*arguments, far), daemon=True)
        self.process.start()
        far.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.process.terminate()
        self.process.join()
        self.process.close()
        self.end.close()


def _night(rows: int) -> str:
    """Return the list of a night: members with a card and a balance, as a chain sends them."""
    told = ["member,card,wallet,balance,expires_on"]
    told += [
        f"n{number:023x},298{number:010d},points,{1 + number % 5000},2199-12-31" for number in range(rows)
    ]
    return "\n".join(told) + "\n"


def _import(office: HeadOffice, news: Path) -> None:
    command = [sys.executable, "-m", "agent.cli.headoffice", "member", "import", str(news)]
    subprocess.run(
        [*command, "--config", str(office.config)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )


def _bare(pulled: Pulled, tills: list[Any]) -> float:
    """Let a bare server hand out the same pages as often; return the seconds."""
    with _Child(serve_bare, pulled.contents) as server:
        port = server.end.recv()
        with _Child(pull_all, port, tills) as crowd:
            assert crowd.end.recv() == "ready"
            crowd.end.send("pull")
            again: Pulled = crowd.end.recv()
    return (again.had_all - again.begun) * pulled.pages / again.pages


def _shop(folder: Path, number: int, till: Any, alone_s: float, parent: Connection) -> None:
    hush()
    with contextlib.suppress(
        PermissionError
    ):  # a till has a machine of its own; head office must not take its time
        os.setpriority(os.PRIO_PROCESS, 0, FIRST)
    asyncio.run(_sell(folder, number, till, alone_s, parent))


async def _sell(folder: Path, number: int, plain_till: Any, alone_s: float, parent: Connection) -> None:
    till = Till(folder, number, plain_till)
    running = asyncio.create_task(till.loop.run())
    while not till.is_ready():  # noqa: ASYNC110 - ledgers have no event to wait on
        await asyncio.sleep(0.1)
    selling = _Selling(till, number, asyncio.get_running_loop())
    parent.send("ready")
    await asyncio.to_thread(parent.recv)
    selling.start()
    await asyncio.sleep(alone_s)
    alone_ms = selling.take()
    parent.send("sold alone")
    rows = await asyncio.to_thread(parent.recv)
    selling.take()
    while till.ledger.read.most_members() < rows + REAL:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.05)
    had_all = time.monotonic()
    during_ms = selling.take()
    selling.stop()
    parent.send(Sold(alone_ms, during_ms, had_all))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await till.close()


class _Selling:
    """A POS: sales from a thread of its own, each timed from the question to the answer."""

    def __init__(self, till: Till, number: int, loop: asyncio.AbstractEventLoop) -> None:
        self._till, self._loop = till, loop
        self._member, self._chance = f"m-{number}", Random(number)
        self._taken_ms: list[float] = []
        self._sales, self._is_over = 0, False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to sell."""
        self._thread.start()

    def take(self) -> list[float]:
        """Return what the sales since the last call took, in ms."""
        taken, self._taken_ms = self._taken_ms, []
        return taken

    def stop(self) -> None:
        """Sell no more; the loop still answers the sale in hand."""
        self._is_over = True

    def _run(self) -> None:
        while not self._is_over:
            self._sales += 1
            begun = time.perf_counter()
            asyncio.run_coroutine_threadsafe(self._sell(f"{self._member}-{self._sales}"), self._loop).result()
            self._taken_ms.append((time.perf_counter() - begun) * 1000)
            time.sleep(self._chance.uniform(SALE_EVERY_S / 2, SALE_EVERY_S * 3 / 2))

    async def _sell(self, receipt: str) -> None:
        await asyncio.wrap_future(self._till.ledger.write(partial(sale, receipt, self._member)))
        self._till.loop.wake()
