"""Identification tokens: only this till makes them, any later start of it opens them."""

import stat
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from agent.till.tokens import REMEMBERED, Identification, TokenSeal, token_key

KNOWN = Identification("m1", b"t" * 16, "Scanned", 1_795_521_600_000, "…0019 (13)")


def test_a_token_says_what_was_sealed_after_a_restart_too() -> None:
    token = TokenSeal(b"k" * 32).seal(KNOWN, b"n" * 12)
    assert TokenSeal(b"k" * 32).open(token) == KNOWN


def test_another_tills_token_is_none_of_ours() -> None:
    token = TokenSeal(b"k" * 32).seal(KNOWN, b"n" * 12)
    assert TokenSeal(b"other key 32 bytes long.........").open(token) is None


@given(st.integers(min_value=0), st.sampled_from("AZ09_-"))
def test_a_token_with_one_changed_character_says_nothing(place: int, other: str) -> None:
    seal = TokenSeal(b"k" * 32)
    token = seal.seal(KNOWN, b"n" * 12)
    # The last character holds bits that base64 does not use.
    place %= len(token) - 1
    changed = token[:place] + other + token[place + 1 :]
    assert changed == token or seal.open(changed) is None


@given(st.text(max_size=600))
def test_any_text_is_either_ours_or_nothing(text: str) -> None:
    assert TokenSeal(b"k" * 32).open(text) is None


def test_what_is_no_token_is_not_remembered_and_tokens_only_so_many() -> None:
    seal = TokenSeal(b"k" * 32)
    tokens = [seal.seal(KNOWN, number.to_bytes(12, "big")) for number in range(2 * REMEMBERED)]
    for token in tokens:
        assert seal.open(token) == KNOWN
    assert seal.open("2990000000019") is None
    assert len(seal._opened) == REMEMBERED
    assert "2990000000019" not in seal._opened


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = token_key(tmp_path / "token.key")
    assert len(first) == 32
    assert token_key(tmp_path / "token.key") == first
    assert stat.S_IMODE((tmp_path / "token.key").stat().st_mode) == 0o600


def test_a_draft_left_by_a_kill_does_not_keep_the_till_from_starting(tmp_path: Path) -> None:
    (tmp_path / "token.new").write_bytes(b"half")
    assert len(token_key(tmp_path / "token.key")) == 32
