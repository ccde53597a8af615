"""The till's commands as store IT and programme authors use them: in a process of their own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLUB = ROOT / "config" / "programmes" / "household-club.toml"
BASKET = {
    "receipt_id": "12-3-77-481",
    "sold_at": "2026-11-24T12:00:00+02:00",
    "store": "12",
    "till": "12-3",
    "currency": "USD",
    "lines": [{"line": 1, "sku": "1", "group": "GROCERY", "amount_minor": 1050}],
}


def command(*arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "agent.cli.till", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        input=stdin,
        timeout=60,
        check=False,
    )


@pytest.fixture
def basket(tmp_path: Path) -> Path:
    path = tmp_path / "basket.json"
    path.write_text(json.dumps(BASKET))
    return path


@pytest.fixture
def member(tmp_path: Path) -> Path:
    path = tmp_path / "member.json"
    path.write_text(json.dumps({"member": "m1"}))
    return path


def test_evaluate_says_what_a_basket_earns_without_any_daemon(basket: Path, member: Path) -> None:
    done = command(
        "evaluate", "--programme", str(CLUB), "--basket", str(basket), "--member", str(member), "--json"
    )
    assert done.returncode == 0, done.stderr
    quote = json.loads(done.stdout)
    assert quote["due_minor"] == 1050
    assert [wallet["earn"] for wallet in quote["wallets"]] == [10]
    assert {reason["rule"] for reason in quote["reasons"]} >= {"base", "pay", "stamps"}


@pytest.mark.parametrize("lang", ["en", "ru", "fi"])
def test_evaluate_explains_every_rule_in_words(basket: Path, lang: str) -> None:
    done = command("evaluate", "--programme", str(CLUB), "--basket", str(basket), "--lang", lang)
    assert done.returncode == 0, done.stderr
    assert "fresh-x3" in done.stdout


def test_a_basket_in_another_currency_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "basket.json"
    path.write_text(json.dumps({**BASKET, "currency": "EUR"}))
    done = command("evaluate", "--programme", str(CLUB), "--basket", str(path))
    assert done.returncode == 2
    assert "/currency" in done.stderr
    assert "EUR" in done.stderr
    assert "give a basket in USD" in done.stderr


def test_a_bad_basket_is_refused_with_all_its_mistakes_and_exit_2(tmp_path: Path) -> None:
    path = tmp_path / "basket.json"
    bad = {
        **BASKET,
        "currency": "dollars",
        "lnies": [],
        "lines": [{"line": 0, "sku": "1", "amount_minor": 1.5}],
    }
    path.write_text(json.dumps(bad))
    done = command("evaluate", "--programme", str(CLUB), "--basket", str(path))
    assert done.returncode == 2
    for pointer in ("/currency", "/lnies", "/lines/0/line", "/lines/0/amount_minor"):
        assert pointer in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_programme_names_all_mistakes_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(
        '[programme]\nid = "broken"\nversion = 1\ncurrency = "USD"\ntime_zone = "UTC"\n'
        "[wallet.points]\n[rule.a]\nearn = { points = 0.5 }\n"
        "[rule.b]\nscope = 'nowhere'\nern = { points = '1' }\n"
    )
    done = command("programme", "check", str(path))
    assert done.returncode == 2
    assert "broken.toml:8" in done.stderr
    assert "broken.toml:11" in done.stderr
    assert "earn" in done.stderr


@pytest.mark.parametrize("name", ["basket", "member", "quote", "programme", "tape", "config", "pos"])
def test_every_documented_schema_is_printed(name: str) -> None:
    done = command("schema", name)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


def test_a_tape_is_decoded_line_by_line(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    lines = [
        {"id": "ours", "transport": "serial", "device": {"name": "scanner", "role": "scanner"},
         "input": {"bytes_hex": b"2990000000019\r".hex(),
                   "config": {"ranges": [{"kind": "card", "prefix": "29", "length": 13, "check": "ean"}]}}},
        {"id": "bank", "transport": "serial", "device": {"name": "scanner", "role": "scanner"},
         "input": {"bytes_hex": b"4111111111111111\r".hex(), "config": {"ranges": []}}},
    ]  # fmt: skip
    tape.write_text("\n".join(json.dumps(line) for line in lines))
    done = command("decode", str(tape), "--json")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert (answers[0]["outcome"], answers[0]["value"]) == ("identifier", "2990000000019")
    assert (answers[1]["outcome"], answers[1]["reason"]) == ("refused", "payment_card")
    assert "4111" not in done.stdout


def test_a_command_without_a_daemon_says_how_to_start_it(tmp_path: Path) -> None:
    config = tmp_path / "loyalty-agent.toml"
    config.write_text(f'[till]\nstore="1"\ntill="1-1"\ncurrency="EUR"\n[paths]\nrun="{tmp_path}/run"\n')
    done = command("status", "--config", str(config))
    assert done.returncode == 78
    assert "systemctl start loyalty-agent" in done.stderr


def test_check_config_shows_each_value_with_its_source(tmp_path: Path) -> None:
    config = tmp_path / "loyalty-agent.toml"
    config.write_text('[till]\nstore="1"\ntill="1-1"\ncurrency="EUR"\n')
    done = command("check-config", "--config", str(config), "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["key"]: row for row in json.loads(done.stdout)}
    assert rows["till.currency"] == {"key": "till.currency", "value": "EUR", "source": "loyalty-agent.toml"}
    assert rows["log.level"]["source"] == "default"


def test_the_doctor_names_what_is_wrong_and_what_cures_it(tmp_path: Path) -> None:
    config = tmp_path / "loyalty-agent.toml"
    config.write_text(
        f'[till]\nstore="1"\ntill="1-1"\ncurrency="EUR"\n[paths]\nrun="{tmp_path}/run"\nstate="{tmp_path}"\n'
        f'credentials="{tmp_path}/none"\n[[device]]\nname="scanner"\ndriver="serial_scanner"\n'
        f'port="{tmp_path}/absent"\n'
    )
    done = command("doctor", "--config", str(config), "--json")
    assert done.returncode == 2
    findings = {row["check"]: row for row in json.loads(done.stdout)}
    assert findings["sqlite"]["verdict"] == "OK"
    assert findings["enrolment"]["verdict"] == "WARN"
    assert findings["reader scanner"]["verdict"] == "FAIL"
    assert "ENOENT" in findings["reader scanner"]["detail"]
    assert findings["daemon"]["verdict"] == "FAIL"
    assert all(row["cure"] for row in findings.values() if row["verdict"] != "OK")
