"""What must hold of every quote, whatever the programme, the member and the basket."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from math import ceil

import msgspec
from hypothesis import strategies as st

from agent.loyalty.afterwards.carry import carry
from agent.loyalty.basket import Basket
from agent.loyalty.explain import LANGUAGES, prompt_sentence, sentence
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.loyalty.quote import LotEarned, Quote
from agent.loyalty.returns import ReturnEffects, effects_of
from tests.loyalty.made_cases import Case


def judged(case: Case) -> Quote:
    """Return the quote, having held it against every law."""
    compiled, member, basket = case.compiled, case.member, case.basket
    quote = case.quote()
    assert case.quote() == quote, "the same question, another answer"
    assert [one.rule for one in quote.reasons] == sorted(compiled.order), "one reason a rule"
    _lines(basket, quote)
    _wallets(quote)
    for reason in quote.reasons:
        assert all(sentence(reason, compiled.programme, lang) for lang in LANGUAGES)
    for prompt in quote.prompts:
        assert all(prompt_sentence(prompt, compiled.programme, lang) for lang in LANGUAGES)
    stored = msgspec.json.decode(msgspec.json.encode(quote), type=Quote)
    assert msgspec.json.encode(stored) == msgspec.json.encode(quote), "what is stored says the same"
    if member is not None:
        carry(compiled.programme.text, member, quote, case.at.astimezone(compiled.zone))
    return quote


def _lines(basket: Basket, quote: Quote) -> None:
    """Parts sum to wholes, and no line falls below its floor or zero."""
    assert [one.line for one in quote.lines] == [one.line for one in basket.lines]
    paid = 0
    for line, answer in zip(basket.lines, quote.lines, strict=True):
        off = sum(one.amount_minor for one in answer.rebates)
        assert all(one.amount_minor < 0 for one in answer.rebates)
        assert answer.amount_minor == line.amount_minor + off
        here = sum(one.amount_minor for one in answer.paid)
        assert all(one.amount_minor >= 0 and one.points >= 0 for one in answer.paid)
        if line.amount_minor <= 0 or line.returns is not None:
            assert (off, here, answer.earned) == (0, 0, [])
            continue
        floor = ceil((line.floor_price_minor or 0) * Fraction(line.quantity))
        assert answer.amount_minor >= min(max(floor, 0), line.amount_minor)
        assert here <= answer.amount_minor
        paid += here
    assert quote.due_minor == sum(one.amount_minor for one in quote.lines) - paid
    if all(one.amount_minor >= 0 for one in basket.lines):
        assert quote.due_minor >= 0


def _wallets(quote: Quote) -> None:
    """What is spent is there, and what the receipt earns is the sum of its lots."""
    assert all(lot.points > 0 for lot in quote.lots)
    lots = total(quote.lots)
    for wallet in quote.wallets:
        spent = sum(one.points for line in quote.lines for one in line.paid if one.wallet == wallet.wallet)
        earned = sum(one.points for line in quote.lines for one in line.earned if one.wallet == wallet.wallet)
        assert isinstance(wallet.balance, int)
        assert spent <= wallet.redeem <= wallet.max_redeem <= max(wallet.balance, 0)
        assert wallet.earn == lots.get(wallet.wallet, 0) >= earned >= 0


Chooser = Callable[[st.SearchStrategy[int]], int]


def returns(basket: Basket, quote: Quote, choose: Chooser) -> Iterator[ReturnEffects]:
    """Bring everything back in three parts."""
    before: dict[int, int] = {}
    for last in (False, False, True):
        now = {}
        for line in basket.lines:
            left = line.amount_minor - before.get(line.line, 0)
            now[line.line] = left if last else choose(st.integers(0, left))
        yield effects_of(basket, quote, before, now)
        for number, amount in now.items():
            before[number] = before.get(number, 0) + amount


def whole_sale(quote: Quote) -> ReturnEffects:
    """Return what undoing all of a sale must come to: everything that it did, cash and donations aside."""
    spent = Counter({one.wallet: one.redeem for one in quote.wallets})
    for one in quote.spent:
        spent[one.wallet] -= one.points if one.into else 0
    counts, measures = Counter[str](), Counter[str]()
    for counted in quote.counts:
        counts[counted.rule] += counted.units
    for measured in quote.measured:
        measures[measured.measure] += measured.amount
    return ReturnEffects(
        quote.due_minor,
        total(quote.lots),
        _kept(spent),
        _kept(counts),
        _kept(measures),
        list(range(len(quote.gives))),
        [one.id for one in quote.vouchers],
        quote.noted,
        _kept(Counter({one.rule: one.rewards for one in quote.counts})),
    )


def standing(facts: MemberFacts) -> dict[str, object]:
    """Return what a member has, so that nothing and not there are the same."""
    return {
        "wallets": {name: lots for name, held in facts.wallets.items() if (lots := _lots(held))},
        "counts": {
            rule: (one.position, one.lifetime)
            for rule, one in facts.counts.items()
            if (one.position, one.lifetime) != (0, 0)
        },
        "measures": {key: amount for key, amount in facts.measures.items() if amount},
        "history": {rule: values for rule, values in facts.history.items() if values},
        "vouchers": sorted(facts.vouchers, key=lambda one: (one.id, one.voucher)),
    }


def _lots(held: WalletFacts) -> dict[str, Lot]:
    return {lot.lot: lot for lot in held.lots if lot.amount}


def together(one: ReturnEffects, other: ReturnEffects) -> ReturnEffects:
    """Return what two returns undo."""
    return ReturnEffects(
        one.refund_minor + other.refund_minor,
        _kept(Counter(one.earned), Counter(other.earned)),
        _kept(Counter(one.spent), Counter(other.spent)),
        _kept(Counter(one.counts), Counter(other.counts)),
        _kept(Counter(one.measures), Counter(other.measures)),
        sorted([*one.gives, *other.gives]),
        [*one.vouchers, *other.vouchers],
        [*one.noted, *other.noted],
        _kept(Counter(one.rewards), Counter(other.rewards)),
    )


def _kept(*counters: Counter[str]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for one in counters:
        sums.update(one)
    return {key: amount for key, amount in sums.items() if amount}


def total(lots: Iterable[LotEarned]) -> dict[str, int]:
    """Return the points of lots by wallet."""
    found: Counter[str] = Counter()
    for lot in lots:
        found[lot.wallet] += lot.points
    return dict(found)
