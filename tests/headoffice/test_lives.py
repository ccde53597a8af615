"""Whatever a member does, a till's figures, head office's books and the pure fold of the quotes are one."""

import tempfile
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import Refused
from agent.headoffice.booking import book_some
from agent.headoffice.member_import import import_members
from agent.headoffice.office import Office
from agent.headoffice.publish import publish
from agent.headoffice.store import tills
from agent.headoffice.store.database import Database
from agent.headoffice.store.protocol import Store
from agent.headoffice.store.rebuild import copy_decisions
from agent.journal.chain import genesis
from agent.journal.entry import Entry
from agent.loyalty.afterwards.carry import Carried, carry
from agent.loyalty.afterwards.carry_back import carry_back
from agent.loyalty.basket import Basket
from agent.loyalty.language.read import load_programme
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.loyalty.quote import Quote
from agent.loyalty.returns import effects_of
from tests.headoffice.both_ends import ShopTill
from tests.headoffice.lived import CLUB, DAY, agree, back, figures, line, sale, sell, void
from tests.headoffice.till_end import NOON, StillClock

TEXT = load_programme(CLUB, name="whole-language.toml").text
GOODS = (
    line(1, "coat", 9_999),
    line(2, "coffee", 700, "coffee", quantity="2"),
    line(3, "tea", 301, "tea"),
    line(4, "gift card", 2500, "stored-value"),
)
"""No cake: of what all members share the first ones booked count, so there the order decides."""
BASKETS = st.lists(st.sampled_from(GOODS), min_size=1, max_size=4, unique_by=lambda one: one["line"])
POINTS = st.sampled_from([0, 0, 50, 300])
SALES = st.tuples(st.just("sale"), BASKETS, POINTS)
PARTS = st.tuples(st.just("return"), st.integers(0, 3), st.integers(0, 3))
VOIDS = st.tuples(st.just("void"), st.integers(0, 3), st.none())
SYNCS = st.tuples(st.just("sync"), st.none(), st.none())
LIVES = st.lists(st.one_of(SALES, SALES, PARTS, VOIDS, SYNCS), min_size=3, max_size=8)


class Life:
    """One member at one till, with the same life folded by `carry` alone."""

    def __init__(self, folder: Path) -> None:
        self.office = Office(folder / "state", StillClock(), serving=True)
        publish(self.office, CLUB, name="whole-language.toml")
        import_members(self.office, "member,wallet,balance\nm-1,points,1000\n", name="members.csv")
        self.till = ShopTill(self.office, folder, "1-1", 1, programme=CLUB)
        self.till.pull()
        opening = Lot("opening-unlimited", 1000)
        self.pure = MemberFacts("m-1", wallets={"points": WalletFacts([opening])})
        self.sold: list[tuple[str, Carried, dict[int, int]]] = []
        self.over: set[str] = set()

    def live(self, what: str, one: Any, other: Any) -> None:
        """Do one thing at the till and by `carry`."""
        match what:
            case "sale":
                self._sell(one, other)
            case "sync":
                agree(self.office, self.till)
            case _ if one < len(self.sold) and self.sold[one][0] not in self.over:
                self._take_back(one, 0 if what == "void" else other, is_void=what == "void")

    def _sell(self, lines: list[dict[str, Any]], points: int) -> None:
        receipt = f"r{len(self.sold) + 1}"
        told = sorted(lines, key=lambda each: each["line"])
        sell(self.till, sale(receipt, *told, redeem={"points": points} if points else {}))
        quote = msgspec.convert(self._entry(receipt).data["quote"], Quote)
        # A till calls a voucher r1-0 what `carry` calls r1/0.
        used = [msgspec.structs.replace(each, id=each.id.replace("-", "/")) for each in quote.vouchers]
        quote = msgspec.structs.replace(quote, vouchers=used)
        carried = carry(TEXT, self.pure, quote, NOON)
        self.pure = carried.facts
        self.sold.append((receipt, carried, {}))

    def _take_back(self, number: int, at: int, *, is_void: bool) -> None:
        receipt, carried, before = self.sold[number]
        basket = msgspec.convert(self._entry(receipt).data["basket"], Basket)
        if is_void and before:
            return  # goods came back: such a receipt cannot be voided
        if is_void:
            void(self.till, receipt)
            now = {each.line: each.amount_minor for each in basket.lines}
        else:
            asked = basket.lines[at % len(basket.lines)]
            left = asked.amount_minor - before.get(asked.line, 0)
            if not left:
                return
            now = {asked.line: max(1, left // 2) if at == 1 else left}
            told = {"line": asked.line, "amount_minor": now[asked.line]}
            back(self.till, receipt, f"b{sum(before.values())}", told)
        effects = effects_of(basket, carried.quote, before, now)
        undone = carry_back(self.pure, carried, effects, day=DAY, policy="keep")
        after = {each: before.get(each, 0) + now.get(each, 0) for each in {*before, *now}}
        self.sold[number] = (receipt, undone, after)
        self.pure = undone.facts
        if is_void or all(after.get(each.line, 0) >= each.amount_minor for each in basket.lines):
            self.over.add(receipt)

    def _entry(self, receipt: str) -> Entry:
        return self.till.desk.ledger.read.entries_of(receipt)[0]

    def close(self) -> None:
        self.till.close()
        self.office.close()


def worth(told: dict[str, Any]) -> dict[str, Any]:
    """Leave out how lots and vouchers are called: `carry` names them by receipt, a journal by entry.

    So of lots without an end another one may be spent first; a wallet holds the same all the same.
    """
    lots = {name: total for name, held in told["lots"].items() if (total := sum(held.values()))}
    return told | {"lots": lots, "vouchers": len(told["vouchers"])}


FIGURES = {
    "lot": "member, wallet, lot, opened, remaining, active_from, expires_on, ends_at",
    "counted": "member, rule, position, day, today, lifetime",
    "measured": "member, measure, amount",
    "noted": "member, rule, at_ms, value",
    "voucher": "member, id, voucher, given, used",
    "receipt": "receipt, state",
}
TWO_TILLS = st.lists(
    st.tuples(st.integers(0, 1), st.one_of(SALES, PARTS, PARTS, VOIDS)), min_size=3, max_size=7
)


def books(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Return every figure, empty ones left out: an undone effect may leave a row of nothing."""
    found = {}
    for table, columns in FIGURES.items():
        told = store.rows(f"SELECT {columns} FROM {table} ORDER BY {columns}")  # noqa: S608 - our own names
        held = [tuple(row) for row in told]
        found[table] = [row for row in held if table == "receipt" or any(map(is_some, row))]
    found["receipt"] = [
        tuple(row) for row in store.rows("SELECT receipt, state FROM receipt ORDER BY receipt")
    ]
    return found


def is_some(value: object) -> bool:
    return isinstance(value, int) and value != 0


def booked_in_order(office: Office, order: list[str], folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Book the journals whole, one after another, into fresh books."""
    fresh = Database(folder / "fresh.db")
    beginnings = {row["incarnation"]: genesis(row["incarnation"]) for row in tills.journals(office.store)}
    copy_decisions(office.store, fresh, beginnings)
    for incarnation in order:
        while book_some(fresh, office.segments, incarnation, agree_with_all):
            pass
    found = books(fresh)
    fresh.close()
    (folder / "fresh.db").unlink()
    return found


def agree_with_all(_: Entry) -> list[Any]:
    return []


@settings(max_examples=12)
@given(life=TWO_TILLS)
def test_in_whatever_order_journals_arrive_the_figures_are_the_same(
    life: list[tuple[int, tuple[str, Any, Any]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lived = Life(Path(folder))
        other = ShopTill(lived.office, Path(folder), "1-2", 2, programme=CLUB)
        other.pull()
        sold: list[str] = []
        try:
            for at, one in life:
                live_at((lived.till, other), at, one, sold)
            for till in (lived.till, other):
                till.push()
            names = [lived.till.end.incarnation, other.end.incarnation]
            there = booked_in_order(lived.office, names, Path(folder))
            assert booked_in_order(lived.office, names[::-1], Path(folder)) == there
        finally:
            other.close()
            lived.close()


def live_at(both: tuple[ShopTill, ShopTill], at: int, told: tuple[str, Any, Any], sold: list[str]) -> None:
    """Do one thing at one of two tills that never hear of each other."""
    what, one, more = told
    if what == "sale":
        sold.append(f"r{len(sold) + 1}")
        sell(both[at], sale(sold[-1], *sorted(one, key=lambda each: each["line"])))
        return
    if one >= len(sold):
        return
    body = {"line": GOODS[more or 0]["line"], "quantity": "1"}
    try:
        if what == "void":
            void(both[at], sold[one])
        else:
            back(both[at], sold[one], f"b{at}{more}", body)
    except Refused:
        return  # it came back before, or the till that knows it says it cannot


@settings(max_examples=12)
@given(life=LIVES)
def test_a_tills_figures_head_offices_books_and_the_pure_fold_are_one(
    life: list[tuple[str, Any, Any]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lived = Life(Path(folder))
        try:
            for one in life:
                lived.live(*one)
            shown = figures(lived.till.desk.ledger.read.facts("m-1", DAY))
            assert agree(lived.office, lived.till) == shown
            assert worth(shown) == worth(figures(lived.pure))
        finally:
            lived.close()
