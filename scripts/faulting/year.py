"""The real year under several programmes, each receipt evaluated again as head office does: 0 differences.

What is stored travels as JSON first, as it does from till to head office.  Members' facts are carried from
receipt to receipt, so a tier, a stamp card or a lot that one receipt made is there for the next.
"""

import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from agent.headoffice.reexecute import evaluated_again
from agent.headoffice.shapes import ReceiptData
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import Quote
from agent.loyalty.read import load_programme
from agent.rehearsal.figures import Figures
from agent.rehearsal.past import PastReceipt
from agent.rehearsal.rehearse import rehearse
from scripts.replay.campaigns import COUPON, Campaigns, campaigns
from scripts.replay.past import past_receipt, setting_of
from scripts.replay.receipts import HOUSEHOLDS_FACTOR, Sale, data_folder, households, sales

FOLDER = Path(__file__).resolve().parents[2] / "config" / "programmes"
CLUB = "household-club"
OTHERS = ("best-buy", "ecco-bonus-club", "marriott-rewards", "my-starbucks-rewards", "vip-threshold")
"""Programmes of other trades that do something on a supermarket's receipts."""
HOUSEHOLDS_A_TASK = 25
SHOWN = 5


class Part(NamedTuple):
    """What one worker found for some households under one programme."""

    programme: str
    figures: Figures
    differences: list[str]
    judged: int


class _Receipts:
    """Sales that a worker read once, as each programme's past receipts."""

    def __init__(self, receipts: list[PastReceipt]) -> None:
        self._receipts = receipts

    def __iter__(self) -> Any:
        return iter(self._receipts)

    def count(self) -> int:
        return len(self._receipts)


class Watch:
    """Stores each receipt as JSON, reads it as head office does and evaluates it again."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self.judged = 0
        self.found: list[str] = []

    def __call__(self, past: PastReceipt, facts: MemberFacts | None, quote: Quote) -> None:
        """Judge one receipt."""
        self.judged += 1
        stored = msgspec.json.encode(
            {
                "basket": past.basket,
                "at": past.at,
                "facts": facts,
                "quote": quote,
                "tz": self._compiled.programme.time_zone,
                "draw": past.draw,
            }
        )
        data = msgspec.json.decode(stored, type=ReceiptData)
        self.found += [
            f"{past.basket.receipt_id}: {one.detail}" for one in evaluated_again(self._compiled, data)
        ]


def run(*, receipts: str = "all", seed: int = 1) -> dict[str, Any]:
    """Evaluate the year twice under each programme, on all cores."""
    begun = time.monotonic()
    outcome: dict[str, Any] = {"name": "year", "seed": seed, "skipped": None, "ok": False}
    try:
        data_folder()
    except FileNotFoundError as missing:
        return {**outcome, "skipped": str(missing), "ok": True}
    limit = None if receipts == "all" else int(receipts)
    chosen = households(None if limit is None else max(1, limit // HOUSEHOLDS_FACTOR))
    tasks = [chosen[at : at + HOUSEHOLDS_A_TASK] for at in range(0, len(chosen), HOUSEHOLDS_A_TASK)]
    totals: dict[str, Figures] = {}
    differences: list[str] = []
    judged = 0
    context = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(os.cpu_count(), context, initializer=_begin, initargs=(seed,)) as pool,
        _progress() as bar,
    ):
        task = bar.add_task("households", total=len(chosen))
        jobs = {pool.submit(_work, one): len(one) for one in tasks}
        for job in as_completed(jobs):
            for part in job.result():
                judged += part.judged
                differences += [f"{part.programme} {one}" for one in part.differences]
                if part.programme in totals:
                    totals[part.programme].add(part.figures)
                else:
                    totals[part.programme] = part.figures
            bar.update(task, advance=jobs[job])
    for one in differences[:SHOWN]:
        print(one)
    return {
        **outcome,
        "receipts": max(figures.total.receipts for figures in totals.values()),
        "programmes": {name: _told(figures) for name, figures in sorted(totals.items())},
        "evaluated_again": judged,
        "differences": len(differences),
        "coupons_redeemed_in_data": campaigns(seed).redeemed,
        "seconds": round(time.monotonic() - begun, 1),
        "ok": not differences and judged > 0,
    }


def _told(figures: Figures) -> dict[str, Any]:
    total = figures.total
    return {
        "receipts": total.receipts,
        "members": len(figures.gains),
        "discount_minor": total.discount_minor,
        "issued": total.issued,
        "redeemed": total.redeemed,
        "outstanding": figures.outstanding,
        "expired": figures.expired,
        "vouchers_given": figures.vouchers_given,
        "vouchers_used": figures.vouchers_used,
        "coupons_used": sum(
            count for rule, count in figures.applied.items() if rule.startswith(f"voucher.{COUPON}")
        ),
    }


def _progress() -> Progress:
    return Progress(
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


_ready: dict[str, Any] = {}


def _begin(seed: int) -> None:
    coupons = campaigns(seed)
    _ready.update(seed=seed, coupons=coupons, programmes=_programmes(coupons))


def _programmes(coupons: Campaigns) -> list[Compiled]:
    """Compile the club of the data's own shops with its coupons, and five programmes of other trades."""
    texts = {CLUB: (FOLDER / f"{CLUB}.toml").read_text(encoding="utf-8") + coupons.words}
    texts |= {name: (FOLDER / f"{name}.toml").read_text(encoding="utf-8") for name in OTHERS}
    return [
        compile_programme(load_programme(text.encode(), name=f"{name}.toml")) for name, text in texts.items()
    ]


def _work(of: list[int]) -> list[Part]:
    bought: list[Sale] = list(sales(of, None))
    parts = []
    for compiled in _ready["programmes"]:
        held = _ready["coupons"].held if compiled.id == CLUB else None
        setting = setting_of(compiled.programme.text)
        receipts = [past_receipt(one, setting, seed=_ready["seed"], coupons=held) for one in bought]
        watch = Watch(compiled)
        figures = rehearse(compiled, _Receipts(receipts), watch=watch)
        parts.append(Part(compiled.id, figures, watch.found, watch.judged))
    return parts
