"""Who is served now, who waits, who is told when to come again; time moves only when told to."""

from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.headoffice.admission import (
    DUPLICATE_S,
    LONGEST_SLOT_S,
    LONGEST_WAIT_S,
    MOST_WORK_S,
    SOON_S,
    Admission,
    Lane,
    Refused,
    Ticket,
)

REQUEST_S = 0.01


class World:
    """One head office whose requests take a hundredth of a second each."""

    def __init__(self, runners: int = 4) -> None:
        self.now_s = 100.0
        self.admission = Admission(now_s=lambda: self.now_s, chance=Random(1), runners=runners)

    def let_in(self, lane: Lane, caller: str = "", **more: Any) -> Ticket:
        ticket = self.admission.arrive(lane, caller, **more)
        assert isinstance(ticket, Ticket)
        return ticket

    def run_one(self) -> Ticket | None:
        ticket = self.admission.next()
        if ticket is not None:
            self.now_s += REQUEST_S
            self.admission.finish(ticket)
        return ticket

    def learn(self, times: int = 200) -> None:
        for number in range(times):
            self.let_in(Lane.BULK, f"learn{number}")
            self.run_one()


def fill(world: World, lane: Lane) -> list[float]:
    """Come until twenty were refused; return their seconds."""
    refused: list[float] = []
    for number in range(100_000):
        answer = world.admission.arrive(lane, f"c{number}")
        if isinstance(answer, Refused):
            refused.append(answer.after_s)
            if len(refused) == 20:
                break
    return refused


def test_whoever_has_a_customer_waiting_is_served_before_greetings_and_greetings_before_bulk() -> None:
    world = World(runners=3)
    bulk, hello, quick = (world.let_in(lane, lane.name) for lane in (Lane.BULK, Lane.HELLO, Lane.QUICK))
    assert [world.admission.next() for _ in range(3)] == [quick, hello, None]
    world.admission.finish(hello)
    world.admission.finish(quick)
    assert world.admission.next() is bulk


def test_bulk_never_takes_the_last_runners() -> None:
    world = World(runners=4)
    for number in range(10):
        world.let_in(Lane.BULK, f"b{number}")
    assert [world.admission.next() is not None for _ in range(3)] == [True, True, False]
    quick = [world.let_in(Lane.QUICK) for _ in range(2)]
    assert [world.admission.next(), world.admission.next()] == quick


def test_a_till_has_one_request_at_work_and_a_customer_s_question_is_never_the_second() -> None:
    world = World()
    first = world.let_in(Lane.BULK, "till 1")
    again = world.admission.arrive(Lane.BULK, "till 1")
    assert isinstance(again, Refused)
    assert DUPLICATE_S <= again.after_s <= 2 * DUPLICATE_S
    world.let_in(Lane.QUICK)
    world.let_in(Lane.QUICK)
    world.admission.finish(first)
    world.let_in(Lane.BULK, "till 1")


@pytest.mark.parametrize("lane", list(Lane))
def test_what_waits_is_bounded_by_time_and_the_refused_get_times_that_rise(lane: Lane) -> None:
    world = World()
    refused = fill(world, lane)
    begins = [seconds for seconds in refused if seconds >= 0]
    assert len(begins) == 20
    assert max(begins) < 2 * LONGEST_WAIT_S[lane] + 2
    assert min(begins) >= LONGEST_WAIT_S[lane] * 0.9


def test_slots_follow_one_another_by_the_measured_time_of_each_backlog() -> None:
    world = World()
    world.learn()
    slots = [world.admission.slot_s(f"t{number}", 90, 1) for number in range(50)]
    assert slots[0] == 0
    for earlier, later in pairwise(slots[5:]):
        assert -1 <= later - earlier - 90 * REQUEST_S <= 1.2
    assert slots[49] == pytest.approx(49 * 90 * REQUEST_S, rel=0.1, abs=1.5)


def test_who_has_nothing_to_send_or_comes_alone_need_not_wait() -> None:
    world = World()
    assert world.admission.slot_s("a", 0, 500) == 0
    assert world.admission.slot_s("b", 40, 500) == 0
    assert SOON_S > 0


def test_a_repeated_greeting_gets_the_same_slot_and_moves_nobody() -> None:
    world = World()
    world.learn()
    world.admission.slot_s("first", 500, 1)
    mine = [world.admission.slot_s("mine", 500, 1) for _ in range(100)]
    assert max(mine) - min(mine) <= 1
    assert world.admission.slot_s("other", 1, 1) <= min(mine) + 500 * REQUEST_S + 2
    world.now_s += 1000
    assert world.admission.slot_s("mine", 1, 1) == 0


def test_a_till_that_lies_about_its_backlog_costs_the_others_half_a_minute_at_most() -> None:
    world = World()
    assert world.admission.slot_s("liar", 2**62, 1) == 0
    assert world.admission.slot_s("other", 500, 500) <= MOST_WORK_S + 1


def test_no_slot_is_further_than_a_quarter_of_an_hour() -> None:
    world = World()
    world.learn()
    slots = [world.admission.slot_s(f"t{number}", 2000, 1) for number in range(200)]
    assert max(slots) <= LONGEST_SLOT_S + 1


def test_who_gives_up_waiting_leaves_its_place() -> None:
    world = World()
    held = [world.let_in(Lane.BULK, f"b{number}") for number in range(3)]
    assert [world.admission.next(), world.admission.next()] == held[:2]
    world.admission.finish(held[2])
    for ticket in held[:2]:
        world.admission.finish(ticket)
    assert world.admission.next() is None
    world.let_in(Lane.BULK, "b2")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(Lane)), st.integers(0, 5), st.integers(0, 3000), st.sampled_from("anf")
        ),
        max_size=80,
    )
)
def test_whatever_comes_everybody_let_in_is_served_once(steps: list[tuple[Lane, int, int, str]]) -> None:
    world = World()
    inside: list[Ticket] = []
    running: list[Ticket] = []
    for lane, caller, entries, act in steps:
        if act == "a":
            answer = world.admission.arrive(lane, f"{lane}{caller}", entries, entries)
            if isinstance(answer, Ticket):
                inside.append(answer)
            else:
                assert 0 <= answer.after_s <= LONGEST_SLOT_S + 1
        elif act == "n" and (ticket := world.admission.next()):
            running.append(ticket)
        elif running:
            world.now_s += 0.1
            world.admission.finish(running.pop())
    served = list(running)
    while True:
        for ticket in running:
            world.admission.finish(ticket)
        running = []
        if (ticket := world.admission.next()) is None:
            break
        running.append(ticket)
        served.append(ticket)
    assert len(set(map(id, served))) == len(served)
    assert world.admission.next() is None
