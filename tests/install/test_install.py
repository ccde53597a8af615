"""`scripts/install` into a folder: what it lays down, that its program runs, what taking it away leaves."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts import MissingPart, part_or_skip

HOUSE = Path(__file__).resolve().parent.parent.parent
PROGRAM = "usr/lib/loyalty-agent"
pytestmark = pytest.mark.long


def install(*arguments: str) -> subprocess.CompletedProcess[str]:
    # The Python that a virtual environment was made from can make another one; /usr/bin's need not have venv.
    python = sys._base_executable  # type: ignore[attr-defined]
    return subprocess.run(
        [HOUSE / "scripts" / "install", *arguments],
        env={**os.environ, "LOYALTY_PYTHON": python},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("machine")

    def prepare() -> Path:
        answer = install("till", "--root", str(folder))
        if "No matching distribution" in answer.stderr or "ConnectionError" in answer.stderr:
            raise MissingPart("the locked packages cannot be fetched here")
        assert answer.returncode == 0, answer.stderr
        return folder

    yield part_or_skip("packages", prepare)
    shutil.rmtree(folder)


def test_the_installed_program_is_whole_and_ours(target: Path) -> None:
    code = "import agent.resources, drivers, evdev, pysqlite3, serial, smartcard.scard; print(agent.__file__)"
    answer = subprocess.run(
        [target / PROGRAM / "bin/python", "-I", "-c", code], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith(str(target / PROGRAM))


def test_the_shipped_programmes_travel_with_the_program(target: Path) -> None:
    code = "from agent.resources import shipped_programmes; print(*shipped_programmes(), sep='\\n')"
    answer = subprocess.run(
        [target / PROGRAM / "bin/python", "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == sorted(
        path.stem for path in (HOUSE / "config" / "programmes").glob("*.toml")
    )


def test_the_units_stand_where_systemd_looks(target: Path) -> None:
    found = {
        str(path.relative_to(target))
        for path in target.rglob("*")
        if path.is_file() and "loyalty" in path.name
    }
    assert {
        "usr/lib/systemd/system/loyalty-agent.service",
        "usr/lib/systemd/system/loyalty-agent-pos.socket",
        "usr/lib/systemd/system/loyalty-agent-admin.socket",
        "usr/lib/sysusers.d/loyalty-agent.conf",
        "usr/lib/tmpfiles.d/loyalty-agent.conf",
        "usr/lib/modules-load.d/loyalty-agent.conf",
        "usr/lib/modprobe.d/loyalty-agent.conf",
        "usr/lib/udev/rules.d/70-loyalty-agent.rules",
        "usr/share/polkit-1/rules.d/70-loyalty-agent.rules",
        "etc/loyalty-agent/loyalty-agent.toml",
    } <= found


def test_commands_name_their_final_place_and_are_compiled(target: Path) -> None:
    first_line = (target / PROGRAM / "bin/loyalty-agent").read_text("utf-8").splitlines()[0]
    assert first_line == "#!/usr/lib/loyalty-agent/bin/python"
    assert (target / "usr/bin/loyalty-agent").readlink() == Path("/usr/lib/loyalty-agent/bin/loyalty-agent")
    assert list((target / PROGRAM).glob("lib/python3*/site-packages/agent/__pycache__/*.pyc"))


def test_an_upgrade_keeps_the_configuration_and_a_second_role_joins_the_first(target: Path) -> None:
    settings = target / "etc/loyalty-agent/loyalty-agent.toml"
    settings.write_text("# ours\n", encoding="utf-8")
    answer = install("headoffice", "--root", str(target))
    assert answer.returncode == 0, answer.stderr
    assert "kept your /etc/loyalty-agent/loyalty-agent.toml" in answer.stderr
    assert settings.read_text("utf-8") == "# ours\n"
    assert (target / PROGRAM / "roles").read_text("utf-8").split() == ["headoffice", "till"]
    assert (target / "usr/lib/systemd/system/loyalty-headoffice-nightly.timer").is_file()
    subprocess.run([target / PROGRAM / "bin/python", "-I", "-c", "import serial, duckdb"], check=True)


def test_taking_it_away_leaves_only_what_is_the_shops(target: Path) -> None:
    answer = install("--uninstall", "till", "headoffice", "--root", str(target))
    assert answer.returncode == 0, answer.stderr
    left = {str(path.relative_to(target)) for path in target.rglob("*") if not path.is_dir()}
    assert left == {"etc/loyalty-agent/loyalty-agent.toml", "etc/loyalty-agent/loyalty-headoffice.toml"}


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    answer = install("till", "--dry-run", "--root", str(tmp_path))
    assert answer.returncode == 0, answer.stderr
    assert "would run: install" in answer.stdout
    assert list(tmp_path.iterdir()) == []
