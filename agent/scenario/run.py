"""Play a scenario: each receipt is evaluated with the facts the ones before it left, then compared."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec

from agent.errors import DocumentError
from agent.loyalty.basket import Basket
from agent.loyalty.check import mistakes
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.enrol import may_join
from agent.loyalty.evaluate import evaluate
from agent.loyalty.lots import taken_from
from agent.loyalty.member import MemberFacts, WalletFacts
from agent.loyalty.programme import Programme
from agent.loyalty.quote import Quote
from agent.loyalty.returns import amount_of, effects_of
from agent.scenario.desk import Desk, basket_of, is_usable, spending_order
from agent.scenario.fold import Moves, after_return, after_sale
from agent.scenario.forms import NOBODY
from agent.scenario.story import Facts, Receipt, Scenario
from agent.scenario.told import Teller, Told, plain

_EMPTY = WalletFacts()


class Outcome(NamedTuple):
    """One receipt played: all that came out, and the difference from what was expected (empty: none)."""

    step: Receipt
    told: list[Told]
    difference: list[str]


class _Sale(NamedTuple):
    basket: Basket
    quote: Quote
    names: dict[str, int]
    debited: Moves
    made: Moves
    back: dict[int, int]
    units: dict[int, str]


def play(scenario: Scenario, programme: Programme) -> list[Outcome]:
    """Play every receipt of a scenario.

    Raises:
        DocumentError: the story names what is not there (a wallet, a member, goods to return).
    """
    player = _Player(scenario, compile_programme(_with_settings(programme, scenario)))
    for step in scenario.steps:
        if isinstance(step, Facts):
            player.desk.learn(step)
        else:
            player.outcomes.append(player.receipt(step))
    return player.outcomes


class _Player:
    def __init__(self, scenario: Scenario, compiled: Compiled) -> None:
        self.desk = Desk(scenario.file, compiled)
        self.outcomes: list[Outcome] = []
        self._compiled = compiled
        self._teller = Teller(compiled.programme)
        self._sales: list[tuple[str, _Sale]] = []

    def receipt(self, step: Receipt) -> Outcome:
        """Play one receipt and hold it against what is expected of it."""
        at = step.at.replace(tzinfo=self._compiled.zone)
        if step.act == "returns":
            told = self._returned(step, at)
        elif step.act == "joins":
            told = self._joining(step)
        else:
            told = self._sale(step, at)
        if step.member != NOBODY:
            facts = self.desk.known(step)
            told += self._teller.after(facts, _balances(facts, at))
        return Outcome(step, told, _difference(step, told))

    def _sale(self, step: Receipt, at: datetime) -> list[Told]:
        number = len(self._sales) + 1
        basket, names = basket_of(step, f"r-{number}", at, self.desk)
        facts = None if step.member == NOBODY else self.desk.shown(step)
        draw = int(next((one.words["number"] for one in step.said if one.kind == "draw"), "0"))
        quote = evaluate(self._compiled, facts, basket, at, draw=draw)
        debited: Moves = []
        made: Moves = []
        if facts is not None:
            known = self.desk.known(step)
            for wallet in quote.wallets:
                lots = [lot for lot in known.wallets.get(wallet.wallet, _EMPTY).lots if is_usable(lot, at)]
                order = spending_order(self._compiled.programme, wallet.wallet)
                debited += [(wallet.wallet, *one) for one in taken_from(lots, wallet.redeem, order)]
            booked = after_sale(known, quote, day=at.date(), debited=debited)
            self.desk.members[step.member], debited, made = booked
        self._sales.append((step.member, _Sale(basket, quote, names, debited, made, {}, {})))
        return list(self._teller.sale(quote, {line: name for name, line in names.items()}))

    def _returned(self, step: Receipt, at: datetime) -> list[Told]:
        which = next((int(one.words["number"]) for one in step.said if one.kind == "of"), 0)
        mine = [number for number, (who, _) in enumerate(self._sales, 1) if who == step.member]
        if not mine or which > len(self._sales):
            self.desk.fail(step.line, "no_such_receipt", step.title, "sell it before it comes back")
        number = which or mine[-1]
        sale = self._sales[number - 1][1]
        now = dict(self._goods_back(step, sale))
        effects = effects_of(sale.basket, sale.quote, sale.back, now)
        if step.member != NOBODY:
            booked = after_return(self.desk.known(step), effects, sale.debited, sale.made, day=at.date())
            self.desk.members[step.member] = booked.facts
            sale = sale._replace(debited=booked.debited, made=booked.made)
        back = {line: sale.back.get(line, 0) + now.get(line, 0) for line in {*sale.back, *now}}
        self._sales[number - 1] = (step.member, sale._replace(back=back))
        return list(self._teller.returned(effects))

    def _goods_back(self, step: Receipt, sale: _Sale) -> Iterable[tuple[int, int]]:
        """Give the line and rung-up minor units of everything that comes back."""
        for said in step.said:
            if said.kind != "goods":
                continue
            if said.words["name"] not in sale.names:
                self.desk.fail(said.line, "not_sold", said.words["name"], f"sold: {', '.join(sale.names)}")
            line = sale.basket.lines[sale.names[said.words["name"]] - 1]
            before = sale.units.get(line.line, "0")
            units = said.words["count"] or line.quantity
            sale.units[line.line] = units
            yield line.line, amount_of(line, units, before=before)

    def _joining(self, step: Receipt) -> list[Told]:
        bought = sum(self.desk.money(one, one.words["amount"]) for one in step.said if one.kind == "bought")
        why_not = may_join(
            self._compiled.programme,
            step.at.date(),
            born=self.desk.born.get(step.member),
            amount_minor=bought,
            segments=self.desk.known(step).segments,
        )
        return list(self._teller.joining(why_not))


def _with_settings(programme: Programme, scenario: Scenario) -> Programme:
    """Return the programme as it would be under the scenario's settings, checked as a file is."""
    if not scenario.settings:
        return programme
    text = msgspec.structs.replace(programme.text, settings={**programme.text.settings, **scenario.settings})
    if found := mistakes(text):
        raise DocumentError(f"{scenario.file}:{scenario.line}", found)
    return Programme(text, programme.hash)


def _balances(facts: MemberFacts, at: datetime) -> dict[str, int]:
    """Return what is spendable at that moment, a debt included."""
    return {
        wallet: sum(lot.amount for lot in held.lots if is_usable(lot, at))
        for wallet, held in facts.wallets.items()
    }


def _difference(step: Receipt, told: list[Told]) -> list[str]:
    """Return lines marked "-" that did not come out and "+" that came out untold, none if all fits."""
    open_forms = [(one, set(map(plain, one.forms))) for one in told]
    lines: list[str] = []
    wrong = False
    for number, text in step.expected:
        found = next((pair for pair in open_forms if plain(text) in pair[1]), None)
        if found is None:
            lines.append(f"  - = {text}    (line {number})")
            wrong = True
        else:
            open_forms.remove(found)
            lines.append(f"    = {text}")
    surplus = [one.forms[0] for one, _ in open_forms if one.must]
    if not wrong and not surplus:
        return []
    lines += [f"  + = {text}" for text in surplus]
    topics = {text.split()[0] for _, text in step.expected}
    lines += [
        f"  ? {one.forms[0]}"
        for one, _ in open_forms
        if not one.must
        and (one.forms[0].split()[0] in {*topics, "because"} or one.forms[0][:8] == "says en ")
    ]
    return lines
