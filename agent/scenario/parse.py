"""Plain text to scenarios, strictly: every line has one of the known forms, every mistake is told at once."""

import difflib
from collections.abc import Sequence
from datetime import date, datetime

from agent.errors import DocumentError, Mistake
from agent.scenario.forms import DAYS, HEADS, OF_JOINING, OF_MEMBER, OF_RETURN, OF_SALE, Form
from agent.scenario.story import Facts, Receipt, Said, Scenario

_OF_ACT = {"returns": OF_RETURN, "joins": OF_JOINING}


def parse(text: str, *, name: str) -> list[Scenario]:
    """Read the scenarios of a file; `name` is what mistakes call it.

    Raises:
        DocumentError: with every mistake, each with "name:line".
    """
    reader = _Reader(name)
    for number, raw in enumerate(text.splitlines(), 1):
        line = "" if raw.lstrip().startswith("#") else raw.partition(" #")[0].rstrip()
        if not line:
            continue
        if line[0].isspace():
            reader.inside(number, line.strip())
        else:
            reader.head(number, line)
    reader.finish()
    if reader.mistakes:
        raise DocumentError(name, reader.mistakes)
    return reader.scenarios


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.mistakes: list[Mistake] = []
        self.scenarios: list[Scenario] = []
        self._programme = ""
        self._step: Facts | Receipt | None = None
        self._forms: Sequence[Form] = ()

    def head(self, number: int, line: str) -> None:
        """Take a line that starts something."""
        self._step, self._forms = None, ()
        said = self._said(number, line, HEADS)
        if said is None:
            return
        match said.kind:
            case "programme":
                self._programme = said.words["name"]
            case "scenario":
                self._begin(number, said.words["title"])
            case "setting" if self.scenarios:
                self.scenarios[-1].settings[said.words["key"]] = said.words["value"]
            case _:
                self._take(number, said)

    def _begin(self, number: int, title: str) -> None:
        if not self._programme:
            self._wrong(number, "no_programme", title, "name it before: programme my-programme")
        self.scenarios.append(Scenario(self.name, number, self._programme, title, {}, []))

    def _take(self, number: int, said: Said) -> None:
        if said.kind == "setting":
            self._step = None
        elif said.kind == "member":
            self._step, self._forms = Facts(number, said.words["name"], []), OF_MEMBER
        else:
            at = self._moment(number, said.words)
            act = said.words["act"]
            self._step = Receipt(number, at, said.words["who"], act, [], [])
            self._forms = _OF_ACT.get(act, OF_SALE)
        if not self.scenarios:
            self._wrong(number, "no_scenario", said.kind, "start one before: scenario What it shows")
        elif self._step is not None:
            self.scenarios[-1].steps.append(self._step)

    def _moment(self, number: int, words: dict[str, str]) -> datetime:
        """Return the moment in local time of the programme's zone, which is not known yet."""
        try:
            return datetime.fromisoformat(f"{words['date']} {words['time']}")
        except ValueError:
            text = f"{words['date']} {words['time']}"
            self._wrong(number, "no_such_moment", text, "write a day and time there are: 2026-03-10 12:00")
            return datetime.min  # noqa: DTZ901 - a stand-in; the mistake is told

    def _days(self, number: int, words: dict[str, str]) -> None:
        """Refuse days that no calendar has."""
        for text in filter(None, (words.get(key) for key in DAYS)):
            try:
                date.fromisoformat(text)
            except ValueError:
                self._wrong(number, "no_such_day", text, "write a day there is: 2026-03-10")

    def inside(self, number: int, line: str) -> None:
        """Take an indented line."""
        step = self._step
        if step is None:
            self._wrong(number, "stands_alone", line, "indent only what belongs to a member or a receipt")
        elif line.startswith("= ") and isinstance(step, Receipt):
            step.expected.append((number, " ".join(line[2:].split())))
        elif (said := self._said(number, line, self._forms)) is not None:
            step.said.append(said)

    def finish(self) -> None:
        """Look at what only the whole file shows."""
        if not self.scenarios:
            self._wrong(1, "no_scenario", "", "start one: scenario What it shows")
        for scenario in self.scenarios:
            if not any(isinstance(step, Receipt) and step.expected for step in scenario.steps):
                self._wrong(
                    scenario.line, "expects_nothing", scenario.title, "say what comes out: = due 5.10"
                )

    def _said(self, number: int, line: str, forms: Sequence[Form]) -> Said | None:
        text = " ".join(line.split())
        for form in forms:
            if match := form.pattern.fullmatch(text):
                words = {key: value or "" for key, value in match.groupdict().items()}
                self._days(number, words)
                return Said(number, form.kind, words)
        self._wrong(number, "not_understood", text, f"write it like: {_nearest(text, forms)}")
        return None

    def _wrong(self, number: int, code: str, text: str, remedy: str) -> None:
        self.mistakes.append(Mistake(f"{self.name}:{number}", code, {"line": text}, remedy))


def _nearest(text: str, forms: Sequence[Form]) -> str:
    """Return the example nearest to a line: of those that share a word of the language, if any do."""
    examples = [form.example for form in forms]
    words = set(text.split()) & {"-", "buys", "returns", "joins", "does", *(one.kind for one in forms)}
    alike = [one for one in examples if words & set(one.split())] or examples
    return (difflib.get_close_matches(text, alike, n=1, cutoff=0.0) or examples)[0]
