"""Play a scenario: each receipt is evaluated with the facts the ones before it left, then compared."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from agent.errors import DocumentError
from agent.loyalty.afterwards.carry import Carried, carry, spendable
from agent.loyalty.afterwards.carry_back import carry_back
from agent.loyalty.afterwards.enrol import may_join
from agent.loyalty.afterwards.return_policy import Sale, effects_by_policy, with_debt
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.evaluate import evaluate
from agent.loyalty.language.check import mistakes
from agent.loyalty.language.programme import Programme
from agent.loyalty.language.words import setting
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import Quote
from agent.loyalty.returns import amount_of, summed
from agent.scenario.desk import Desk, basket_of, days_away
from agent.scenario.forms import NOBODY
from agent.scenario.story import Facts, Receipt, Scenario
from agent.scenario.told import Teller, Told, plain


class Outcome(NamedTuple):
    """One receipt played: all that came out, how it differs (empty: not), and what the member had and has."""

    step: Receipt
    told: list[Told]
    difference: list[str]
    before: MemberFacts | None = None
    after: MemberFacts | None = None


class _Sold(NamedTuple):
    member: str
    sale: Sale
    carried: Carried | None
    names: dict[str, int]
    back: dict[int, int]
    units: dict[int, Decimal]


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
        self._sales: list[_Sold] = []

    def receipt(self, step: Receipt) -> Outcome:
        """Play one receipt and hold it against what is expected of it."""
        at = step.at.replace(tzinfo=self._compiled.zone)
        before = None if step.member == NOBODY else self.desk.known(step)
        if step.act == "returns":
            told = self._returned(step, at)
        elif step.act == "joins":
            told = self._joining(step)
        else:
            told = self._sale(step, at)
        if before is None:
            return Outcome(step, told, _difference(step, told))
        facts = self.desk.known(step)
        told += self._teller.after(facts, spendable(facts, at))
        told.append(Told((f"level {self._compiled.tiers.effective(facts, at.date()) or 'none'}",)))
        return Outcome(step, told, _difference(step, told), before, facts)

    def _sale(self, step: Receipt, at: datetime) -> list[Told]:
        number = len(self._sales) + 1
        basket, names = basket_of(step, f"r-{number}", at, self.desk)
        facts = None if step.member == NOBODY else self.desk.shown(step)
        draw = int(next((one.words["number"] for one in step.said if one.kind == "draw"), "0"))
        quote = evaluate(self._compiled, facts, basket, at, draw=draw)
        carried = None if facts is None else self._carried(step, quote, at)
        if days_away(step) is not None:
            self.desk.away.note(step.member, quote)
        sale = Sale(basket, quote, facts, at, draw)
        self._sales.append(_Sold(step.member, sale, carried, names, {}, {}))
        return list(self._teller.sale(quote, {line: name for name, line in names.items()}))

    def _carried(self, step: Receipt, quote: Quote, at: datetime) -> Carried:
        """Lay a quote on the member's facts."""
        carried = carry(self._compiled.programme.text, self.desk.known(step), quote, at)
        self.desk.members[step.member] = carried.facts
        return carried

    def _returned(self, step: Receipt, at: datetime) -> list[Told]:
        which = next((int(one.words["number"]) for one in step.said if one.kind == "of"), 0)
        mine = [number for number, one in enumerate(self._sales, 1) if one.member == step.member]
        if not mine or which > len(self._sales):
            self.desk.fail(step.line, "no_such_receipt", step.title, "sell it before it comes back")
        number = which or mine[-1]
        sold = self._sales[number - 1]
        now = dict(self._goods_back(step, sold))
        effects = effects_by_policy(self._compiled, sold.sale, sold.back, now)
        if sold.carried is not None:
            effects = with_debt(effects, self._compiled.programme, spendable(self.desk.known(step), at))
            policy = setting(self._compiled.programme.text.settings, "returned_expired_lot")
            facts = self.desk.known(step)
            carried = carry_back(facts, sold.carried, effects, day=at.date(), policy=policy)
            self.desk.members[step.member] = carried.facts
            sold = sold._replace(carried=carried)
        self._sales[number - 1] = sold._replace(back=summed(sold.back, now))
        return list(self._teller.returned(effects, sold.sale.quote))

    def _goods_back(self, step: Receipt, sold: _Sold) -> Iterable[tuple[int, int]]:
        """Give the line and rung-up minor units of everything that comes back: all of a line, or so many."""
        for said in step.said:
            if said.kind != "goods":
                continue
            if said.words["name"] not in sold.names:
                self.desk.fail(said.line, "not_sold", said.words["name"], f"sold: {', '.join(sold.names)}")
            line = sold.sale.basket.lines[sold.names[said.words["name"]] - 1]
            before = sold.units.get(line.line, Decimal(0))
            units = Decimal(said.words["count"] or line.quantity) - (0 if said.words["count"] else before)
            if not 0 < units <= Decimal(line.quantity) - before:
                self.desk.fail(said.line, "too_many", said.words["name"], "no more comes back than was sold")
            sold.units[line.line] = before + units
            yield line.line, amount_of(line, f"{units:f}", before=f"{before:f}")

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
