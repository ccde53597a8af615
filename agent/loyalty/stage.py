"""One stage: which rules may speak, which of a group wins, and who says why not."""

from collections.abc import Sequence

from agent.loyalty.numbers import Exact
from agent.loyalty.programme import Group
from agent.loyalty.refusal import Refusal
from agent.loyalty.state import State
from agent.loyalty.words import DISCOUNT_STAGES
from agent.loyalty.work import CompiledRule, Offer


def run_stage(state: State, rules: Sequence[CompiledRule], groups: dict[str, Group]) -> None:
    """Run a stage's rules, best priority first; every rule gets its reason."""
    state.begin()
    ready: list[CompiledRule] = []
    for rule in rules:
        why = rule.refusal(state)
        if why is None:
            ready.append(rule)
        else:
            _refuse(state, rule, why)
    exclusive = [rule for rule in ready if rule.exclusive]
    if exclusive and (winner := _best(state, exclusive)) is not None:
        best, proposal = winner
        for rule in ready:
            if rule is not best:
                _lose(state, rule, best, proposal.total)
        best.work.apply(state, proposal)
        return
    done: set[str] = set()
    for rule in ready:
        group = groups.get(rule.group)
        if group is None or group.mode == "all":
            _alone(state, rule)
        elif rule.group not in done:
            done.add(rule.group)
            _together(state, [one for one in ready if one.group == rule.group], group)


def _refuse(state: State, rule: CompiledRule, why: Refusal) -> None:
    """Say why a rule does not apply; a code that its member may use no more was used."""
    if rule.has_code and why[0] == "cap_reached" and "max_per_member" in why[1]:
        why = "code_used", {}
    state.explain(rule.id, why[0], **why[1], **_worth(state, rule, why))


def _worth(state: State, rule: CompiledRule, why: Refusal) -> dict[str, int]:
    """Return what the rule would take off now if the basket were large enough: what a prompt is worth."""
    if why[1].get("what") not in {"amount", "quantity"} or rule.stage not in DISCOUNT_STAGES:
        return {}
    proposal = rule.work.propose(state)
    return {"worth_minor": int(proposal.total)} if isinstance(proposal, Offer) else {}


def _alone(state: State, rule: CompiledRule) -> None:
    proposal = rule.work.propose(state)
    if isinstance(proposal, Offer):
        rule.work.apply(state, proposal)
    else:
        _refuse(state, rule, proposal)


def _proposals(state: State, rules: Sequence[CompiledRule]) -> list[tuple[CompiledRule, Offer]]:
    found = []
    for rule in rules:
        proposal = rule.work.propose(state)
        if isinstance(proposal, Offer):
            found.append((rule, proposal))
        else:
            _refuse(state, rule, proposal)
    return found


def _best(state: State, rules: Sequence[CompiledRule]) -> tuple[CompiledRule, Offer] | None:
    """Return the rule that gives most; ties by priority, then id, which is the order of `rules`."""
    return max(_proposals(state, rules), key=lambda one: one[1].total, default=None)


def _lose(state: State, rule: CompiledRule, winner: CompiledRule, total: Exact) -> None:
    proposal = rule.work.propose(state)
    if not isinstance(proposal, Offer):
        _refuse(state, rule, proposal)
        return
    values: dict[str, object] = {"by": winner.id}
    if winner.stage in DISCOUNT_STAGES and total > proposal.total:
        values["saves_minor"] = int(total - proposal.total)
    state.explain(rule.id, "lost_to", **values)


def _together(state: State, rules: Sequence[CompiledRule], group: Group) -> None:
    found = _proposals(state, rules)
    if not found:
        return
    if group.per == "receipt":
        first = found[0] if group.mode == "first" else max(found, key=lambda one: one[1].total)
        for rule, _ in found:
            if rule is not first[0]:
                _lose(state, rule, first[0], first[1].total)
        first[0].work.apply(state, first[1])
        return
    _per_line(state, found, best=group.mode == "best")


def _per_line(state: State, found: list[tuple[CompiledRule, Offer]], *, best: bool) -> None:
    """Give each line to one rule: the first with anything for it, or the one with most."""
    kept: list[set[int]] = [set() for _ in found]
    lost_to = [0] * len(found)
    for at in sorted({at for _, offer in found for at in offer.lines()}):
        offers = [index for index, (_, offer) in enumerate(found) if offer.share(at)]
        shares = [found[index][1].share(at) for index in offers]
        chosen = offers[shares.index(max(shares))] if best else offers[0]
        kept[chosen].add(at)
        for index in offers:
            lost_to[index] = chosen
    for index, (rule, offer) in enumerate(found):
        if kept[index]:
            rule.work.apply(state, offer.only(kept[index]))
        else:
            state.explain(rule.id, "lost_to", by=found[lost_to[index]][0].id)
