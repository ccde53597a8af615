"""schemathesis over the real door: whatever it thinks of is answered as the OpenAPI document says."""

import subprocess

import pytest

from scripts.faulting.beside import packages
from scripts.faulting.pos_api import PLANTED, failures
from tests.parts import MissingPart, part_or_skip

EXAMPLES = 4
"""Random documents a call, beside the bounds of every constraint; `scripts/faults pos-api` takes 200."""


def schemathesis() -> None:
    try:
        packages("pos-api")
    except (OSError, subprocess.SubprocessError) as failure:
        raise MissingPart(f"scripts/locks/pos-api.txt cannot be installed: {failure}") from None


@pytest.mark.long
def test_schemathesis_finds_nothing_with_all_its_checks() -> None:
    part_or_skip("schemathesis", schemathesis)
    assert failures(EXAMPLES, seed=1) == ""


def test_every_planted_bug_changes_an_answer() -> None:
    samples = [(422, b"{}"), (200, b'{"due_minor":1}'), (400, b"{}"), (200, b'{"state":"quoted"}')]
    assert all(any(change(*one) != one for one in samples) for change in PLANTED.values())
