"""The configuration of a till: strict, merged from several files, documented."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.config.headoffice import HeadOfficeConfig
from agent.config.load import effective, load
from agent.config.till import TillConfig
from agent.errors import DocumentError

MINIMAL = '[till]\nstore = "12"\ntill = "12-3"\ncurrency = "EUR"\n'
ROOT = Path(__file__).resolve().parents[2]


def test_later_files_win_key_by_key_and_every_source_is_known(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    main = tmp_path / "loyalty-agent.toml"
    main.write_text(MINIMAL + "[sync]\npull_interval_s = 5\nonline_wait_ms = 100\n")
    (tmp_path / "conf.d" / "50-site.toml").write_text("[sync]\npull_interval_s = 9\n")
    config, sources = load(main, TillConfig)
    assert (config.sync.pull_interval_s, config.sync.online_wait_ms) == (9, 100)
    rows = {key: source for key, _, source in effective(config, sources)}
    assert rows["sync.pull_interval_s"] == "50-site.toml"
    assert rows["sync.online_wait_ms"] == "loyalty-agent.toml"
    assert rows["log.level"] == "default"


def test_all_mistakes_of_all_files_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    main = tmp_path / "loyalty-agent.toml"
    main.write_text(MINIMAL + '[synk]\n[log]\nlevel = "loud"\n')
    (tmp_path / "conf.d" / "a.toml").write_text("[[device]]\nname = 3\nprot = '/dev/x'\n")
    with pytest.raises(DocumentError) as caught:
        load(main, TillConfig)
    told = {(mistake.pointer, mistake.code) for mistake in caught.value.mistakes}
    assert ("loyalty-agent.toml:/synk", "unknown_field") in told
    assert ("loyalty-agent.toml:/log/level", "invalid") in told
    assert ("a.toml:/device/0/name", "invalid") in told
    assert ("a.toml:/device/0/prot", "unknown_field") in told
    nearest = next(one for one in caught.value.mistakes if one.pointer.endswith("/synk"))
    assert "sync" in nearest.remedy


def test_a_missing_file_and_broken_toml_are_told_with_their_names(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="file_missing"):
        load(tmp_path / "absent.toml", TillConfig)
    broken = tmp_path / "broken.toml"
    broken.write_text("[till\n")
    with pytest.raises(DocumentError, match="not_toml"):
        load(broken, TillConfig)


def test_a_required_key_may_come_from_any_file_but_must_come(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    main = tmp_path / "loyalty-agent.toml"
    main.write_text('[till]\nstore = "12"\ncurrency = "EUR"\n')
    with pytest.raises(DocumentError, match="missing"):
        load(main, TillConfig)
    (tmp_path / "conf.d" / "till.toml").write_text('[till]\ntill = "12-3"\n')
    assert load(main, TillConfig)[0].till.till == "12-3"


@pytest.mark.parametrize(
    ("file", "kind"),
    [("loyalty-agent.toml", TillConfig), ("loyalty-headoffice.toml", HeadOfficeConfig)],
)
def test_the_example_files_fit_the_program(file: str, kind: type) -> None:
    config: object = load(ROOT / "config" / file, kind)[0]
    assert isinstance(config, kind)


def keys_of(kind: type) -> set[str]:
    keys = set()
    for section in msgspec.structs.fields(kind):
        inner = section.type
        if getattr(inner, "__origin__", None) is list:
            inner = inner.__args__[0]
        keys |= {f"{section.name}.{key.name}" for key in msgspec.structs.fields(inner)}
    return keys


@pytest.mark.parametrize(
    ("heading", "kind"),
    [("loyalty-agent.toml", TillConfig), ("loyalty-headoffice.toml", HeadOfficeConfig)],
)
def test_every_key_is_documented_and_nothing_else_is(heading: str, kind: type) -> None:
    text = (ROOT / "config" / "README.md").read_text()
    part = text.split(f"## {heading}")[1].split("\n## ")[0]
    documented: set[Any] = set(re.findall(r"^\| `([a-z_.]+)` \|", part, re.MULTILINE))
    assert documented == keys_of(kind)
