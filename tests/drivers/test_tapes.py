"""The corpus: reads of every transport, each with the answer it must give for ever."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drivers.tape import decode_line, decode_tape
from tests.drivers.loyalty_numbers import RANGES

UID = "04A1B2C3D4E5F6"
TAPES = Path(__file__).parent / "tapes"
NAMES = sorted(file.name.removesuffix(".answers.jsonl") for file in TAPES.glob("*.answers.jsonl"))


def lines_of(name: str) -> list[str]:
    return (TAPES / name).read_text(encoding="utf-8").splitlines()


READS = [
    pytest.param(line, json.loads(told), id=f"{name}: {json.loads(told)['id']}")
    for name in NAMES
    for line, told in zip(lines_of(f"{name}.jsonl"), lines_of(f"{name}.answers.jsonl"), strict=True)
]


@pytest.mark.parametrize(("line", "told"), READS)
def test_a_recorded_read_gives_its_answer(line: str, told: dict[str, object]) -> None:
    assert decode_line(line, RANGES) == told


def test_the_examples_of_the_manual_are_true() -> None:
    page = (TAPES.parents[2] / "drivers" / "TAPES.md").read_text(encoding="utf-8")
    lines = [
        json.loads(line)
        for block in page.split("```json\n")[1:]
        for line in block.split("```")[0].splitlines()
    ]
    assert len(lines) >= 10
    for tape, told in zip(lines[::2], lines[1::2], strict=True):
        assert decode_line(json.dumps(tape), ()) == told


def test_every_transport_and_every_outcome_is_in_the_corpus() -> None:
    tapes = [json.loads(line) for name in NAMES for line in lines_of(f"{name}.jsonl")]
    told = [json.loads(line) for name in NAMES for line in lines_of(f"{name}.answers.jsonl")]
    assert {tape["transport"] for tape in tapes} == {"serial", "evdev", "hidraw", "pcsc", "pos_text"}
    assert {one["outcome"] for one in told} == {"identifier", "identifiers", "refused", "ignored"}
    layouts = {tape["input"].get("layout") for tape in tapes if tape["transport"] == "evdev"}
    assert layouts >= {"us", "ru", "fi", "de", "fr"}


def test_a_line_that_is_no_tape_is_answered_with_its_file_and_line() -> None:
    good = lines_of("serial.jsonl")[0].encode()
    answers = list(
        decode_tape([good, b"", b"{", b'{"id": 7, "transport": "fax", "input": {}}'], name="t.jsonl")
    )
    assert [one["reason"] for one in answers] == [
        None,
        "t.jsonl:3: the line is no JSON",
        "t.jsonl:4: transport must be serial, evdev, hidraw, pcsc or pos_text",
    ]


@pytest.mark.parametrize(
    ("transport", "given"),
    [
        ("evdev", {"events": [[5, 2, 1], [4, 2, 0]]}),
        ("evdev", {"events": [["0", 2, 1]]}),
        ("evdev", {}),
        ("evdev", {"events": [], "layout": "dvorak"}),
        ("hidraw", {"reports_hex": ["zz"]}),
        ("hidraw", {}),
        ("pcsc", {"steps": [{"apdus": []}]}),
        ("pcsc", {"steps": [{"insert": {}}, {"apdus": [["FFCA000000"]]}]}),
        ("pcsc", {"steps": [{"dance": True}]}),
        ("pcsc", {"steps": [{"events": []}]}),
        ("pcsc", {"steps": [], "config": {"card_file": {"aid": "A0000000031010"}}}),
        ("serial", {"bytes_hex": "", "config": {"keys": {"k": "00"}}}),
        (
            "serial",
            {"bytes_hex": "", "config": {"one_time": {"pattern": "{number}", "secret_hex": "00" * 20}}},
        ),
        ("serial", {"bytes_hex": "", "config": {"uids": []}}),
        ("serial", {"steps": [{"wait": -1}]}),
    ],
)
def test_a_mistake_in_an_input_is_named_and_not_quoted(transport: str, given: dict[str, object]) -> None:
    got = decode_line(json.dumps({"id": 1, "transport": transport, "input": given}), ())
    assert got["outcome"] == "refused"
    assert str(got["reason"]).startswith("tape: ")


@pytest.mark.parametrize(
    "step",
    [{"insert": {"uid": UID}}, {"step": "insert", "uid": UID}, ["insert", {"uid": UID}]],
)
def test_a_step_is_read_in_each_spelling(step: object) -> None:
    got = decode_line(json.dumps({"id": 1, "transport": "pcsc", "input": {"steps": [step]}}), ())
    assert got["value"] == UID
