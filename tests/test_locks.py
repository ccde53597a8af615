"""The lock files: complete, every line with its hash, and no address of any index in them."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HOUSE = Path(__file__).resolve().parent.parent
LOCKS = sorted((HOUSE / "scripts" / "locks").glob("*.txt"))
#: Which of pyproject's lists each lock must satisfy; "" is the run-time list.
COVERS = {
    "runtime": ("", "serial", "phone"),
    "headoffice": ("", "headoffice"),
    "dev": ("", "serial", "headoffice", "dev"),
    "readers": ("evdev", "pcsc"),
}
#: Locks that meet in no environment of ours: peers of the benchmarks, and a shop's point of sale.
APART = ("bench-peers", "tryton")


def entries_of(lock: Path) -> list[str]:
    """Give a lock's entries, each with its hashes on the same line."""
    return [
        entry for entry in lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines() if entry.strip()
    ]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_each_locked_package_has_an_exact_version_and_a_hash(lock: Path) -> None:
    entry_shape = re.compile(r"[a-z0-9-]+==[\w.]+( ;[^#]+?)?( +--hash=sha256:[0-9a-f]{64})+")
    assert [entry for entry in entries_of(lock) if not entry_shape.fullmatch(entry.strip())] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_names_no_place_to_fetch_from(lock: Path) -> None:
    assert (
        re.findall(r"https?:|file:|--index|--find-links|\b[\w-]+[.](?:org|com|io)\b", lock.read_text("utf-8"))
        == []
    )


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_satisfies_what_pyproject_asks_for(lock: Path) -> None:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = dict(entry.split(" ")[0].split("==") for entry in entries_of(lock))
    wanted = [
        Requirement(line)
        for extra in COVERS.get(lock.stem, ())
        for line in (project["optional-dependencies"][extra] if extra else project["dependencies"])
    ]
    missing = [
        str(requirement)
        for requirement in wanted
        if not requirement.specifier.contains(locked.get(canonicalize_name(requirement.name), "0"))
    ]
    assert missing == []


def test_two_locks_never_disagree_about_a_version() -> None:
    seen: dict[str, set[str]] = {}
    for lock in (lock for lock in LOCKS if lock.stem not in APART):
        for entry in entries_of(lock):
            name, version = entry.split(" ")[0].split("==")
            seen.setdefault(name, set()).add(version)
    assert {name: versions for name, versions in seen.items() if len(versions) > 1} == {}
