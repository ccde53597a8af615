"""Look over our own source: sizes, leftovers, foreign addresses, a README in every room."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent
TOP_LEVEL = {
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "agent",
    "config",
    "drivers",
    "pyproject.toml",
    "scripts",
    "systemd",
    "tests",
}
ROOMS = ("agent", "config", "drivers", "scripts", "systemd", "tests")

# Each pattern is written so that it does not find itself.
LEFTOVER = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b")
FOREIGN = re.compile(
    r"(?<![\w.])/(?:wor[k]|far[m]|roo[t]|hom[e]/\w+)/|py[p]i[.]org|pythonhoste[d]|npmj[s][.]|deb[.]debia[n]"
)


def our_files(*suffixes: str) -> Iterator[Path]:
    """Give the text files of the house, without what tools leave in it."""
    for top in sorted(HOUSE.iterdir()):
        if top.name not in TOP_LEVEL and top.name != ".ci":
            continue
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if (
                path.is_file()
                and "__pycache__" not in path.parts
                and (not suffixes or path.suffix in suffixes)
            ):
                yield path


def text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def short(path: Path) -> str:
    return str(path.relative_to(HOUSE))


def test_the_top_level_holds_what_the_house_has_and_nothing_else() -> None:
    found = {
        path.name for path in HOUSE.iterdir() if not path.name.startswith(".") and path.name != "__pycache__"
    }
    assert found == TOP_LEVEL


def test_a_file_is_one_idea_of_at_most_300_lines() -> None:
    sizes = {short(path): len(path.read_text(encoding="utf-8").splitlines()) for path in our_files(".py")}
    assert {name: size for name, size in sizes.items() if size > 300} == {}


def test_a_function_fits_a_screen_of_50_lines() -> None:
    sizes = {
        f"{short(path)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in our_files(".py")
        for node in functions_of(path)
    }
    assert {name: size for name, size in sizes.items() if size > 50} == {}


@pytest.mark.parametrize(
    ("pattern", "what"), [(LEFTOVER, "left unfinished"), (FOREIGN, "an address or path of somewhere else")]
)
def test_nothing_is_left_in_the_source_that_does_not_belong(pattern: re.Pattern[str], what: str) -> None:
    found = [
        f"{short(path)}:{number}: {what}: {line.strip()[:80]}"
        for path in our_files()
        for number, line in enumerate((text_of(path) or "").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_every_room_says_what_it_is() -> None:
    folders = {
        path.parent for path in our_files(".py") if short(path).startswith(("agent/", "drivers/", "scripts/"))
    }
    folders |= {HOUSE / room for room in ROOMS}
    assert sorted(short(folder) for folder in folders if not (folder / "README.md").is_file()) == []


def test_the_readme_can_be_read_in_three_minutes() -> None:
    assert len((HOUSE / "README.md").read_text(encoding="utf-8").split()) <= 600


def test_every_link_in_a_readme_leads_somewhere() -> None:
    broken = [
        f"{short(page)}: {target}"
        for page in our_files(".md")
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_test_can_fail() -> None:
    empty = [
        f"{short(path)}:{node.lineno} {node.name}"
        for path in our_files(".py")
        if path.name.startswith("test_")
        for node in functions_of(path)
        if node.name.startswith("test_")
        and not re.search(r"assert|raises|check|verify|expect|wait_for", ast.unparse(node))
    ]
    assert empty == []
