"""The tables of calls and codes as the pages show them; `python -m tests.till.tables` prints both."""

import sys

from agent.till.calls import CALLS
from agent.till.problem import PROBLEMS
from agent.till.words import SENTENCES


def calls() -> str:
    """Return call by failure: what each does, what a POS does without an answer, and the codes of its own."""
    rows = [
        f"| `{call.method} {call.path}` | {call.summary} | {call.without_answer} "
        f"| {' '.join(f'`{code}`' for code in call.own)} |"
        for call in CALLS
    ]
    return "\n".join(["| call | does | no answer, or 503 | its own codes |", "|---|---|---|---|", *rows, ""])


def codes() -> str:
    """Return every code with its status, what the cashier should do, and what the cashier reads."""
    rows = [
        f"| {status} | `{code}` | `{action}` | {SENTENCES[code][0]} |"
        for code, (status, _, action) in PROBLEMS.items()
    ]
    return "\n".join(
        ["| status | code | cashier_action | detail, in English |", "|---|---|---|---|", *rows, ""]
    )


if __name__ == "__main__":
    sys.stdout.write(f"{calls()}\n{codes()}")
