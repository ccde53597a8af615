"""The allowance protocol in its models' large worlds: every state is looked at, and every rule is needed.

The tests search small worlds (`tests/models`); here each model has more points, entries or steps.  Planted
bugs are the models' own rules, switched off one at a time: a claim must fail without each of them.
"""

import tempfile
from pathlib import Path
from typing import Any

from scripts.faulting.line import Run
from tests.models.catalogue import MODELS, Model
from tests.models.spin import Verdict, compiled, need_spin, rules_of, searched
from tests.parts import MissingPart


def run(*, short: bool, seed: int) -> dict[str, Any]:
    """Search every model to the end, then its broken forms; `short` keeps to the tests' small worlds."""
    run = Run("models", seed)
    try:
        need_spin()
    except MissingPart as why:
        return run.skip(why)
    verdicts: list[Verdict] = []
    unnoticed: list[str] = []
    is_as_expected = True
    for model in MODELS:
        verdict, missed = _tried(model, is_large=not short)
        expected = (model.small if short else model.large).states
        is_as_expected &= verdict.holds and verdict.states == expected
        run.say(f"{model.name}: {_told(verdict)}; expected {expected} states")
        run.say(
            f"{model.name}: {len(rules_of(model))} rules broken, unnoticed: {', '.join(missed) or 'none'}"
        )
        verdicts.append(verdict)
        unnoticed += missed
    run.say(f"{sum(verdict.states for verdict in verdicts)} states in {len(MODELS)} models")
    return run.line(
        attempts=len(MODELS) + sum(len(rules_of(model)) for model in MODELS),
        undetected=len(unnoticed),
        overspent=sum(bool(verdict.violated) for verdict in verdicts),
        teeth=not unnoticed,
        ok=is_as_expected and not unnoticed,
    )


def _tried(model: Model, *, is_large: bool) -> tuple[Verdict, list[str]]:
    """Return what the sound protocol is worth, and the rules whose breaking no claim notices."""
    with tempfile.TemporaryDirectory(prefix="faults-models-") as place:
        world = model.large if is_large else model.small
        sound, broken = Path(place) / "sound", Path(place) / "broken"
        sound.mkdir()
        broken.mkdir()
        verdict = searched(compiled(model, world, sound), world)
        # A broken rule shows in the small world: where it shows there it shows in the large one.
        checker = compiled(model, model.small, broken)
        unnoticed = [
            f"{model.name}.{rule}"
            for number, rule in enumerate(rules_of(model), 1)
            if not searched(checker, model.small, number).violated
        ]
    return verdict, unnoticed


def _told(verdict: Verdict) -> str:
    kind = "every state" if verdict.is_exhaustive else "NOT every state"
    claim = f"claim fails: {verdict.violated}" if verdict.violated else "no claim fails"
    return f"{claim} in {verdict.states} ({kind}), {verdict.seconds} s, {verdict.megabytes} MB"
