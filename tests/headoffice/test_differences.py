"""Every kind of difference that head office can tell of is explained on one page."""

import re
from pathlib import Path

from agent import headoffice
from agent.headoffice.effects import NAMED

ROOM = Path(headoffice.__file__).parent
TOLD = re.compile(r'(?:Parked|Finding)\(\s*"([a-z_]+)"|differ\(\s*\w+,\s*"([a-z_]+)"')


def test_the_page_explains_every_kind_and_no_other() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py"))
    told = {one or other for one, other in TOLD.findall(text)} | set(NAMED)
    assert len(told) > 30
    rows = (ROOM / "DIFFERENCES.md").read_text(encoding="utf-8").splitlines()
    explained = {
        kind for row in rows if row.startswith("| `") for kind in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert told - explained == set()
    assert [kind for kind in sorted(explained) if f'"{kind}"' not in text] == []
