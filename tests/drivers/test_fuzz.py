"""Ten thousand changed inputs for every decoder, and two planted bugs that must be found."""

from __future__ import annotations

from itertools import islice

import pytest

from drivers.number import Decoded, Refused, decode, raw_from_text
from drivers.tape import decode_line
from scripts.faulting.fuzz_decoders import corpus, fuzz, has_teeth
from scripts.faulting.fuzz_inputs import LONGEST, inputs
from scripts.faulting.fuzz_targets import CODES, RANGES, TEXTS, targets

TARGETS = targets(corpus())


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_no_input_makes_a_decoder_fail_or_dawdle(name: str) -> None:
    found = fuzz(name, TARGETS[name], count=10_000, seed=20261124)
    assert (found.inputs, found.failures, found.slow) == (10_000, [], [])


@pytest.mark.long
def test_a_planted_failure_and_a_planted_slowness_are_found() -> None:
    assert has_teeth(seed=1)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_what_the_inputs_are_made_from_is_understood(name: str) -> None:
    for seed in TARGETS[name].seeds:
        TARGETS[name].decode(seed)
    assert TARGETS[name].seeds


def test_numbers_and_payment_cards_among_them_are_known_as_such() -> None:
    outcomes = [
        decode(raw_from_text(text.decode()), transport="serial", ranges=RANGES, codes=CODES) for text in TEXTS
    ]
    assert sum(isinstance(one, Decoded) for one in outcomes) >= 8
    assert sum(one == Refused("payment_card", "visa") for one in outcomes) == 4


def test_most_changed_tapes_are_still_tapes() -> None:
    tape = TARGETS["tape"]
    changed = list(islice(inputs(tape.seeds, "1", are_tapes=True), 500))
    reasons = [str(decode_line(one, RANGES, CODES)["reason"]) for one in changed]
    assert sum(reason.startswith("tape: ") for reason in reasons) < 250


def test_the_same_seed_gives_the_same_inputs_and_none_is_too_long() -> None:
    seeds = TARGETS["serial"].seeds
    first, again = (list(islice(inputs(seeds, "1:serial"), 500)) for _ in range(2))
    assert first == again
    assert len(set(first)) > 400
    assert max(map(len, first)) <= LONGEST
