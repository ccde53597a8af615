"""What types cannot say about the points side: wallets, earning, paying, gifts, tiers, partners, members."""

from collections.abc import Iterator

from agent.errors import Mistake
from agent.loyalty.check_words import check_name, check_scope, check_whole
from agent.loyalty.history import all_of
from agent.loyalty.numbers import exact
from agent.loyalty.programme import Rule, Text, Tier, Wallet
from agent.loyalty.verbs import Giving, Pay
from agent.loyalty.where import When

GIFTS = ("lot", "voucher", "stored_value", "free", "benefit", "lottery")


def wallet_of(text: Text, named: str) -> str:
    """Return the wallet a rule means: the named one, or the only points wallet there is."""
    return named or next(iter(_points_wallets(text)), next(iter(text.wallet), ""))


def _points_wallets(text: Text) -> list[str]:
    return [key for key, wallet in text.wallet.items() if wallet.kind == "points"]


def points_rule(text: Text, rule: Rule, at: str, verb: str) -> Iterator[Mistake]:
    """Return what is wrong with a rule's points: its wallet, its numbers, its gift, its caps."""
    for word in (rule.earn, rule.multiply, rule.pay, rule.give.lot if rule.give else None):
        if word is not None:
            yield from _wallet(text, word.wallet, f"{at}/{verb}")
    if rule.earn is not None and not exact(rule.earn.every):
        yield Mistake(f"{at}/earn/every", "zero", {}, "name a sum above zero")
    if rule.multiply is not None and exact(rule.multiply.by) < 1:
        yield Mistake(f"{at}/multiply/by", "too_little", {}, "multiply by 1 or more")
    if rule.pay is not None:
        yield from _pay(text, rule.pay, at)
    if rule.give is not None:
        yield from _give(text, rule, rule.give, f"{at}/give")
    if rule.count is not None and rule.count.of.startswith("earned:"):
        yield from check_name(rule.count.of.removeprefix("earned:"), text.wallet, f"{at}/count/of", "wallet")
    if verb in {"earn", "multiply", "pay"} and rule.max_per_receipt is not None:
        yield Mistake(f"{at}/max_per_receipt", "not_supported", {}, f"say `max` in {verb}")


def _wallet(text: Text, named: str, at: str) -> Iterator[Mistake]:
    if named:
        yield from check_name(named, text.wallet, f"{at}/wallet", "wallet")
    elif len(_points_wallets(text)) != 1:
        yield Mistake(at, "which_wallet", {}, "name its wallet: there is not exactly one of points")


def _pay(text: Text, word: Pay, at: str) -> Iterator[Mistake]:
    yield from check_whole(word.max, text.programme.minor_digits, f"{at}/pay/max")
    wallet = text.wallet.get(wallet_of(text, word.wallet))
    needs_value = not word.catalogue and word.into in {"", "cash"}
    if wallet is not None and wallet.kind == "points" and needs_value and not exact(wallet.value):
        remedy = f'give wallet {wallet_of(text, word.wallet)!r} a value = "money per point"'
        yield Mistake(f"{at}/pay", "no_value", {}, remedy)
    if word.catalogue and any((word.block, word.max, word.max_share, word.into)):
        remedy = "a catalogue has prices of its own: leave out block, max, max_share, into"
        yield Mistake(f"{at}/pay", "two_prices", {}, remedy)
    if word.all_or_nothing is not None and not word.catalogue:
        yield Mistake(f"{at}/pay/all_or_nothing", "no_catalogue", {}, "only a catalogue has it")


def _give(text: Text, rule: Rule, word: Giving, at: str) -> Iterator[Mistake]:
    given = [key for key in GIFTS if getattr(word, key) is not None]
    if len(given) != 1:
        yield Mistake(at, "one_gift", {"given": given}, f"give exactly one of {', '.join(GIFTS)}")
    if word.lot is not None:
        digits = text.decimals(wallet_of(text, word.lot.wallet))
        yield from check_whole(str(word.lot.points), digits, f"{at}/lot/points")
    if word.voucher is not None:
        yield from check_name(word.voucher, text.voucher, f"{at}/voucher", "voucher")
    if word.stored_value is not None:
        yield from check_whole(word.stored_value, text.programme.minor_digits, f"{at}/stored_value")
        stores = [key for key, one in text.wallet.items() if one.kind == "stored_value"]
        yield from check_name(word.wallet, stores, f"{at}/wallet", "stored_value_wallet")
    elif word.cost is not None or word.wallet:
        yield Mistake(at, "no_stored_value", {}, "only stored value has a cost and a wallet")
    if word.cost is not None:
        yield from _wallet(text, word.cost_wallet, f"{at}/cost_wallet")
        if rule.count is not None:
            yield Mistake(f"{at}/cost", "two_prices", {}, "a gift costs points or a full count, not both")


def points_tables(text: Text) -> Iterator[Mistake]:
    """Return what is wrong with wallets, tiers and partners."""
    for key, tier in text.tier.items():
        yield from _tier(text, tier, f"/tier/{key}")
    for key, wallet in text.wallet.items():
        if wallet.kind == "stored_value" and (wallet.scale or exact(wallet.value)):
            remedy = "a unit of stored value is a minor unit of money: leave out scale and value"
            yield Mistake(f"/wallet/{key}", "value_of_money", {}, remedy)
        yield from _forms(wallet, f"/wallet/{key}/forms")
    yield from _partners(text)


def _forms(wallet: Wallet, at: str) -> Iterator[Mistake]:
    for lang, count in (("en", 2), ("ru", 3), ("fi", 2)):
        if len(getattr(wallet.forms, lang)) not in {0, count}:
            yield Mistake(f"{at}/{lang}", "plural_forms", {"forms": count}, f"name {count} forms")


def _partners(text: Text) -> Iterator[Mistake]:
    owners: dict[str, str] = {}
    for key, partner in text.partner.items():
        for index, store in enumerate(partner.stores):
            if owners.setdefault(store, key) != key:
                remedy = f"shop {store!r} is {owners[store]!r}'s already"
                yield Mistake(f"/partner/{key}/stores/{index}", "two_partners", {}, remedy)


def _tier(text: Text, tier: Tier, at: str) -> Iterator[Mistake]:
    yield from check_scope(text, tier.scope, f"{at}/scope")
    if (tier.at_least is None) == (tier.over is None):
        yield Mistake(at, "one_threshold", {}, "give exactly one of at_least, over")
    if tier.measure.startswith("earned:"):
        yield from check_name(tier.measure.removeprefix("earned:"), text.wallet, f"{at}/measure", "wallet")
    steps = tier.downgrade or text.settings.get("downgrade")
    if steps == "one_step" and not tier.window.startswith("calendar"):
        remedy = "one step down a period needs a calendar_year or calendar_month"
        yield Mistake(f"{at}/window", "no_period", {}, remedy)


def member_words(text: Text, when: When, at: str) -> Iterator[Mistake]:
    """Return what is wrong with conditions about the member: names of tiers, wallets and scopes."""
    tiers = [when.tier] if isinstance(when.tier, str) else when.tier
    if text.tier:  # without the table, head office grants tiers of any name
        for one in tiers:
            yield from check_name(one, text.tier, f"{at}/tier", "tier")
    if when.tier_at_least:
        yield from check_name(when.tier_at_least, text.tier, f"{at}/tier_at_least", "tier")
    for one in [when.pays] if isinstance(when.pays, str) else when.pays:
        yield from check_name(one, text.wallet, f"{at}/pays", "wallet")
    for key in ("bought", "not_bought"):
        word = getattr(when, key)
        if word is not None:
            yield from check_scope(text, word.scope, f"{at}/{key}/scope")
    for index, one_scope in enumerate(when.sequence):
        yield from check_scope(text, one_scope, f"{at}/sequence/{index}")


def asked_once(rule: Rule, at: str) -> Iterator[Mistake]:
    """Refuse to ask a rule's history twice: it has one place in the facts for each kind."""
    whens = [one for when in rule.alternatives for one in all_of(when)]
    histories = sum(one.bought is not None or bool(one.sequence) for one in whens)
    refused = sum(one.not_bought is not None for one in whens)
    mixed = any(one.not_bought is not None and one.bought is None for one in whens) and histories
    if histories > 1 or refused > 1 or mixed:
        remedy = "ask once for bought or sequence, and once for not_bought beside it, in one `when`"
        yield Mistake(f"{at}/when", "asked_twice", {}, remedy)
    nths = [one for one in whens if one.nth is not None]
    if (
        len(nths) > 1
        or (nths and rule.count is not None)
        or any(one not in rule.alternatives for one in nths)
    ):
        yield Mistake(f"{at}/when/nth", "asked_twice", {}, "count receipts once a rule, not under `not`")
