"""The units as systemd itself reads them: well-formed, closed enough, and what the daemon relies on."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.parts import MissingPart, part_or_skip

SYSTEMD = Path(__file__).resolve().parent.parent.parent / "systemd"
SERVICES = ("loyalty-agent.service", "loyalty-headoffice.service", "loyalty-headoffice-nightly.service")
#: The exposure that `systemd-analyze security` may find at most, in tenths.
EXPOSURE_LIMIT = "15"


@pytest.fixture
def analyze() -> str:
    def find() -> str:
        found = shutil.which("systemd-analyze")
        if found is None:
            raise MissingPart("there is no systemd-analyze here")
        return found

    return part_or_skip("systemd", find)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_exposed_to_at_most_one_and_a_half(analyze: str, service: str) -> None:
    asked = [analyze, "security", "--offline=true", f"--threshold={EXPOSURE_LIMIT}", "--no-pager", service]
    answer = subprocess.run(asked, cwd=SYSTEMD, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout.splitlines()[-1]


def test_systemd_finds_nothing_wrong_with_the_units(analyze: str, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    units = []
    for source in [*SYSTEMD.glob("*.service"), *SYSTEMD.glob("*.socket"), *SYSTEMD.glob("*.timer")]:
        text = re.sub(
            r"^ExecStart=\S+", f"ExecStart={program}", source.read_text("utf-8"), flags=re.MULTILINE
        )
        (tmp_path / source.name).write_text(text, encoding="utf-8")
        units.append(str(tmp_path / source.name))
    answer = subprocess.run(
        [analyze, "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    complaints = [line for line in answer.stderr.splitlines() if "loyalty" in line]
    assert (answer.returncode, complaints) == (0, [])


def unit(name: str) -> configparser.RawConfigParser:
    """Read a unit file; a key that stands twice keeps its last value, which is enough here."""
    parsed = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parsed.optionxform = str  # type: ignore[assignment, method-assign]  # keys are case-sensitive in units
    parsed.read(SYSTEMD / name, encoding="utf-8")
    return parsed


def test_what_runs_at_night_is_as_closed_as_the_server_and_made_up_for() -> None:
    server, nightly = (
        unit("loyalty-headoffice.service")["Service"],
        unit("loyalty-headoffice-nightly.service")["Service"],
    )
    own = {"Type", "ExecStart", "TimeoutStartSec", "SyslogIdentifier", "Nice"}
    assert {key: value for key, value in nightly.items() if key not in own}.items() <= dict(server).items()
    assert nightly["User"] == "loyalty-headoffice"
    assert unit("loyalty-headoffice-nightly.timer")["Timer"]["Persistent"] == "yes"


def test_a_refused_configuration_is_not_tried_again_and_everything_else_is() -> None:
    service = unit("loyalty-agent.service")
    assert service["Service"]["Restart"] == "always"
    assert service["Service"]["RestartPreventExitStatus"] == "78"
    assert service["Unit"]["StartLimitIntervalSec"] == "0"


def test_the_doors_are_where_the_contract_says_and_carry_their_names() -> None:
    doors = {name: unit(f"loyalty-agent-{name}.socket")["Socket"] for name in ("pos", "admin")}
    seen = {
        name: (door["ListenStream"], door["FileDescriptorName"], door["SocketGroup"], door["SocketMode"])
        for name, door in doors.items()
    }
    assert seen == {
        "pos": ("/run/loyalty/pos.sock", "pos", "loyalty-pos", "0660"),
        "admin": ("/run/loyalty/admin.sock", "admin", "root", "0600"),
    }


def test_no_unit_relies_on_what_would_stop_a_till() -> None:
    for name in SERVICES:
        keys = set(unit(name)["Service"])
        # A missing group, and a folder of doors deleted at each stop.
        assert keys.isdisjoint({"SupplementaryGroups", "RuntimeDirectory"})
    # With yes, every peer of the POS door would look like nobody.
    assert unit("loyalty-agent.service")["Service"]["PrivateUsers"] == "no"


def test_the_kernel_s_nfc_drivers_are_kept_off_readers_that_pcscd_drives() -> None:
    lines = (SYSTEMD / "loyalty-agent.modprobe.conf").read_text("utf-8").splitlines()
    kept_out = {line.split()[1] for line in lines if re.fullmatch(r"install \w+ /bin/false", line)}
    assert kept_out == {"pn533_usb", "pn533", "nfc"}


def test_polkit_lets_the_daemon_and_nobody_else_use_pcscd() -> None:
    rule = (SYSTEMD / "70-loyalty-agent.polkit.rules").read_text("utf-8")
    assert 'action.id.indexOf("org.debian.pcsc-lite.access_") == 0' in rule
    assert re.findall(r'subject\.user == "([^"]+)"', rule) == ["loyalty-agent"]
    assert rule.count("polkit.Result.YES") == 1


def test_modules_of_every_device_class_that_the_unit_allows_are_loaded_before_it() -> None:
    loaded = (SYSTEMD / "loyalty-agent.modules-load.conf").read_text("utf-8").split()
    assert {"usbserial", "cdc_acm", "evdev", "usbhid", "hid_generic"} <= set(loaded)


def test_the_udev_rule_is_one_that_udev_takes() -> None:
    def find() -> str:
        found = shutil.which("udevadm")
        told = subprocess.run([found or "false", "verify", "--help"], capture_output=True, check=False)
        if found is None or told.returncode:
            raise MissingPart("udevadm cannot verify here (systemd 254 can); the guest runs the rule")
        return found

    udevadm = part_or_skip("udevadm_verify", find)
    answer = subprocess.run(
        [udevadm, "verify", SYSTEMD / "70-loyalty-agent.rules"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
