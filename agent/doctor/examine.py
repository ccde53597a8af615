"""All checks in the order in which one would look: configuration, disk, keys, readers, the daemon.

Readers are opened as the daemon's user where that user exists: root passes every file mode, so a
check as root would prove nothing.
"""

import os
import pwd
import shutil
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from agent.config.load import load
from agent.config.till import Device, TillConfig
from agent.daemon.ask import ask
from agent.daemon.pool import why_no_pool
from agent.daemon.readers import mistakes_of
from agent.doctor.finding import Finding
from agent.errors import DocumentError, LoyaltyError
from agent.ledger.database import sqlite_version, version_is_sound

USER = "loyalty-agent"
LOW_SPACE_MB = 500
LATE_S = 3600
MANY_UNSENT = 10_000
POOL_CURE = "see agent/pool/README.md"
_PROBE = """
import os, sys
try:
    os.close(os.open(sys.argv[1], int(sys.argv[2]) | os.O_NONBLOCK | os.O_NOCTTY))
except OSError as failure:
    print(failure.errno)
"""
_PROBE_CARDS = """
from drivers.card_reader import PcscError, reader_names
try:
    print(*reader_names(), sep="\\n")
except PcscError as why:
    print(f"!{why}")
"""
_MEANING = {
    2: ("nothing is there (ENOENT)", "plug the reader in, or correct its port"),
    6: ("the device behind it is gone (ENXIO)", "plug the reader in again"),
    13: ("the agent may not open it (EACCES)", "install the udev rule, then: udevadm trigger"),
    1: ("the unit's device filter refuses it (EPERM)", "systemctl restart loyalty-agent"),
    16: ("somebody else holds it (EBUSY)", "find them: fuser -v PORT"),
}


def examine(config_path: Path) -> list[Finding]:
    """Run every check that the configuration allows for; never raises for what it finds."""
    try:
        config, _ = load(config_path, TillConfig)
    except DocumentError as error:
        wrong = "; ".join(f"{one.pointer} {one.code}" for one in error.mistakes)
        return [Finding("configuration", "FAIL", wrong, f"loyalty-agent check-config --config {config_path}")]
    findings = [_configuration(config, config_path), _sqlite(), _disk(config), _credentials(config)]
    findings += [_reader(device) for device in config.device]
    if config.pool.role != "none":
        wrong = why_no_pool(config.pool)
        findings.append(
            Finding("pool", "FAIL" if wrong else "OK", wrong or f"role {config.pool.role}", POOL_CURE)
        )
    return findings + _daemon(config)


def _configuration(config: TillConfig, path: Path) -> Finding:
    if mistakes := mistakes_of(config.device, config.numbers):
        return Finding("configuration", "FAIL", "; ".join(mistakes), f"correct {path}")
    if not config.numbers:
        return Finding(
            "configuration", "WARN", "no [[numbers]]: no card is known", f"declare ranges in {path}"
        )
    return Finding("configuration", "OK", f"till {config.till.till} of store {config.till.store}")


def _sqlite() -> Finding:
    version = sqlite_version()
    if version_is_sound(version):
        return Finding("sqlite", "OK", f"version {version}")
    return Finding(
        "sqlite", "FAIL", f"version {version} can corrupt a WAL", "install pysqlite3 0.6.1 or newer"
    )


def _disk(config: TillConfig) -> Finding:
    folder = Path(config.paths.state)
    if not folder.is_dir():
        return Finding("disk", "FAIL", f"{folder} is missing", "start the service, it makes the folder")
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    if free_mb < LOW_SPACE_MB:
        return Finding("disk", "WARN", f"{free_mb} MB free at {folder}", "make room: a full disk stops sales")
    return Finding("disk", "OK", f"{free_mb} MB free at {folder}")


def _credentials(config: TillConfig) -> Finding:
    folder = Path(config.paths.credentials)
    missing = [name for name in ("till.key", "fleet.key", "enrolment.json") if not (folder / name).exists()]
    if missing:
        cure = "loyalty-headoffice till add …, then: loyalty-agent enrol CODE"
        return Finding("enrolment", "WARN", f"{', '.join(missing)} missing at {folder}", cure)
    return Finding("enrolment", "OK", f"keys at {folder}")


def _reader(device: Device) -> Finding:
    check = f"reader {device.name}"
    if device.driver == "card_reader":
        return _card_reader(check, device)
    how = os.O_RDWR if device.driver == "serial_scanner" else os.O_RDONLY
    said = _ask_as_daemon(_PROBE, device.port, str(how))
    if not said:
        return Finding(check, "OK", f"{device.port} opens")
    error = int(said)
    detail, cure = _MEANING.get(error, (os.strerror(error), "see the kernel log: dmesg | tail"))
    return Finding(check, "FAIL", f"{device.port}: {detail}", cure)


def _card_reader(check: str, device: Device) -> Finding:
    """Ask pcscd as the daemon does: polkit may let root in and not the daemon."""
    said = _ask_as_daemon(_PROBE_CARDS)
    if said.startswith("!"):
        return Finding(check, "FAIL", said[1:], "apt install pcscd; systemctl enable --now pcscd.socket")
    names = said.splitlines()
    if any(fnmatchcase(name, device.reader) for name in names):
        return Finding(check, "OK", f"pcscd has {device.reader}")
    return Finding(
        check, "FAIL", f"pcscd has {', '.join(names) or 'no reader'}", "plug it in, or correct its `reader`"
    )


def _ask_as_daemon(program: str, *arguments: str) -> str:
    """Run a small program as the daemon's user, and return what it printed."""
    user: str | None = None
    if os.geteuid() == 0:
        try:
            user = pwd.getpwnam(USER).pw_name
        except KeyError:
            user = None
    probe = subprocess.run(  # noqa: S603 - our own interpreter, a fixed text, a path from the configuration
        [sys.executable, "-c", program, *arguments],
        user=user,
        group=user,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    return probe.stdout.strip()


def _daemon(config: TillConfig) -> list[Finding]:
    try:
        status = ask(Path(config.paths.run) / "admin.sock", "GET", "/status")
    except LoyaltyError as error:
        return [Finding("daemon", "FAIL", str(error), error.remedy or "systemctl start loyalty-agent")]
    return [
        Finding("daemon", "OK", f"up, mode {status['mode']}"),
        _ledger(status),
        _sync(status),
        *_pool(status),
        _programme(status),
    ]


def _ledger(status: dict[str, Any]) -> Finding:
    ledger = status["ledger"]
    if ledger["frozen"]:
        return Finding(
            "ledger", "FAIL", f"spending stopped: {ledger['frozen']}", "loyalty-agent ledger verify"
        )
    return Finding("ledger", "OK", f"{ledger['head_seq']} entries")


def _sync(status: dict[str, Any]) -> Finding:
    sync = status["sync"]
    unsent, age_s = sync["backlog"], sync["last_contact_age_s"]
    if age_s is None:
        return Finding(
            "sync", "WARN", f"head office was never reached, {unsent} unsent", "check head_office.url"
        )
    if age_s > LATE_S or unsent > MANY_UNSENT:
        return Finding("sync", "WARN", f"{unsent} unsent, last contact {age_s} s ago", "check the network")
    return Finding("sync", "OK", f"{unsent} unsent, last contact {age_s} s ago")


def _pool(status: dict[str, Any]) -> list[Finding]:
    pool = status["pool"]
    if pool["role"] == "none":
        return []
    if pool["role"] == "pool":
        if not pool["peers"]:
            return [
                Finding("pool", "WARN", "head office named no till of this store yet", "check the network")
            ]
        return [Finding("pool", "OK", f"{pool['loans']} loans out, {len(pool['peers'])} tills may borrow")]
    if pool["online"]:
        return [Finding("pool", "OK", f"reached, has {pool['pushed']} entries of ours")]
    return [
        Finding("pool", "WARN", f"away: {pool['alarm'] or pool['reason']}", "check pool.url and its till")
    ]


def _programme(status: dict[str, Any]) -> Finding:
    programme = status["programme"]
    if programme is None:
        return Finding(
            "programme", "WARN", "none yet: sales earn nothing", "loyalty-headoffice programme publish …"
        )
    return Finding("programme", "OK", f"{programme['id']} version {programme['version']}")
