"""One question to a programme: who, what, when, with which number drawn."""

from datetime import datetime
from typing import NamedTuple

from hypothesis import strategies as st
from msgspec import to_builtins

from agent.loyalty.basket import Basket
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import Quote
from tests.loyalty.made_baskets import MOMENTS, baskets, members
from tests.loyalty.made_programmes import programmes

DRAWS = st.sampled_from([0, 1, 2**63, 2**64 - 1])


class Case(NamedTuple):
    """Everything that evaluation is told."""

    compiled: Compiled
    member: MemberFacts | None
    basket: Basket
    at: datetime
    draw: int

    def __repr__(self) -> str:
        """Show the programme's words too: a failure is told with all that led to it."""
        words = to_builtins(self.compiled.programme.text)
        return f"Case({words}, {self.member}, {self.basket}, {self.at}, {self.draw})"

    def quote(self) -> Quote:
        """Ask."""
        return evaluate(self.compiled, self.member, self.basket, self.at, draw=self.draw)


@st.composite
def questions(draw: st.DrawFn, compiled: Compiled, *, returns: bool = True) -> Case:
    """Draw a question to a programme; now and then the customer is nobody."""
    member = None if draw(st.integers(0, 9)) == 5 else draw(members())
    return Case(compiled, member, draw(baskets(returns=returns)), draw(MOMENTS), draw(DRAWS))


@st.composite
def cases(draw: st.DrawFn, *, returns: bool = True) -> Case:
    """Draw a programme and a question to it."""
    return draw(questions(compile_programme(draw(programmes())), returns=returns))


@st.composite
def interviews(draw: st.DrawFn, *, length: int = 4) -> list[Case]:
    """Draw a programme and several questions to it: making one takes longer than asking."""
    compiled = compile_programme(draw(programmes()))
    return [draw(questions(compiled)) for _ in range(length)]
