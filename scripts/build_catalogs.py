"""Compile the catalogues of agent/locale for gettext: a build hook of hatchling, and a command by itself.

A wheel and an editable install both run it; the compiled files are no part of the source.
"""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LOCALE = Path(__file__).resolve().parent.parent / "agent" / "locale"


def compile_catalogues(locale: Path = LOCALE) -> list[Path]:
    """Write each `.po` as the `.mo` beside it; return the files written."""
    written = []
    for source in sorted(locale.glob("*/LC_MESSAGES/*.po")):
        with source.open("rb") as text:
            catalogue = read_po(text, locale=source.parts[-3], abort_invalid=True)
        target = source.with_suffix(".mo")
        with target.open("wb") as compiled:
            write_mo(compiled, catalogue)
        written.append(target)
    return written


class CatalogueHook(BuildHookInterface):  # type: ignore[type-arg]
    """What hatchling calls before it collects files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's names
        """Compile them where they lie."""
        compile_catalogues()


if __name__ == "__main__":
    for path in compile_catalogues():
        print(path)
