"""Work in a thread: it starts at once, stops within a step, shows the last step, and leaves no thread behind."""

import threading
import time

import pytest

from nnlab.stage.live.background import PATIENCE, Background, Turns

WAIT = 20  # seconds; a loaded machine is slow, not broken


class Counter:
    """Counts steps and pictures; every step and every picture can be held up."""

    def __init__(self, step_seconds=0.0, ends_after=None, fails_at=None):
        self.steps, self.shown, self.errors, self.ends = 0, [], [], 0
        self.step_seconds, self.ends_after, self.fails_at = step_seconds, ends_after, fails_at
        self.background = Background(self.step, self.show, self.errors.append, lambda: None, self.end)

    def step(self):
        if self.steps == self.fails_at:
            raise RuntimeError("no more")
        time.sleep(self.step_seconds)
        self.steps += 1
        return self.steps != self.ends_after

    def show(self):
        self.shown.append(self.steps)

    def end(self):
        self.ends += 1


def until(condition):
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "nnlab live training"])


def test_start_returns_and_pause_stops_within_the_step():
    counter = Counter(step_seconds=0.01)
    counter.background.start()
    assert counter.background.running
    until(lambda: counter.steps > 5)
    counter.background.pause()
    made = counter.steps
    assert not counter.background.running
    counter.background.wait(WAIT)
    assert counter.steps == made
    assert counter.shown[-1] == made


def test_the_last_picture_is_drawn_when_nothing_runs_any_more():
    counter = Counter(step_seconds=0.01)
    running = []
    counter.background._show = lambda: running.append(counter.background.running)
    counter.background.start()
    until(lambda: len(running) > 2)
    counter.background.pause()
    counter.background.wait(WAIT)
    assert running[0]
    assert not running[-1]


def test_pause_waits_for_the_step_under_way():
    counter = Counter(step_seconds=0.2)
    counter.background.start()
    until(lambda: counter.steps > 0)
    counter.background.pause()
    assert counter.steps in (1, 2)
    made = counter.steps
    counter.background.wait(WAIT)
    assert counter.steps == made


def test_single_steps_are_all_made_and_drawn_together():
    counter = Counter(step_seconds=0.005)
    counter.background.per_picture = 100
    for _ in range(30):
        counter.background.once()
    counter.background.wait(WAIT)
    assert counter.steps == counter.shown[-1] == 30
    assert len(counter.shown) < 30


def test_one_step_in_the_middle_of_a_run_ends_it_after_one_more():
    counter = Counter(step_seconds=0.01)
    counter.background.start()
    until(lambda: counter.steps > 3)
    with counter.background.turns:
        made = counter.steps
    counter.background.once()
    counter.background.wait(WAIT)
    assert made + 1 <= counter.steps <= made + 2  # a step may have begun between the two lines


def test_the_steps_between_two_pictures():
    counter = Counter(ends_after=60)
    counter.background.per_picture = 20
    counter.background.start()
    until(lambda: counter.ends)
    assert counter.shown == [20, 40, 60]
    assert not counter.background.running


def test_slow_steps_do_not_hold_the_picture_up():
    counter = Counter(step_seconds=0.03, ends_after=8)
    counter.background.per_picture = 1000
    counter.background.start()
    until(lambda: counter.ends)
    assert len(counter.shown) >= 4


def test_an_error_stops_and_is_told_and_the_next_start_works():
    counter = Counter(fails_at=25)
    counter.background.start()
    until(lambda: counter.ends)
    assert [str(error) for error in counter.errors] == ["no more"]
    assert (counter.steps, counter.background.running) == (25, False)
    assert counter.shown[-1] == 25
    counter.fails_at, counter.ends_after = None, 40
    counter.background.start()
    until(lambda: counter.ends == 2)
    assert (counter.steps, counter.shown[-1]) == (40, 40)


def test_an_error_in_the_picture_stops_too():
    counter = Counter()
    counter.background._show = lambda: 1 / 0
    counter.background.start()
    until(lambda: counter.ends)
    assert isinstance(counter.errors[0], ZeroDivisionError)
    assert not counter.background.running


def test_nothing_runs_for_ever():
    counter = Counter()
    counter.background.per_picture = PATIENCE
    counter.background.start()
    until(lambda: counter.ends)
    assert counter.steps == counter.shown[-1] == PATIENCE


def test_refresh_shows_without_a_step():
    counter = Counter()
    counter.background.refresh()
    counter.background.wait(WAIT)
    assert (counter.steps, counter.shown) == (0, [0])


def test_starts_and_pauses_from_many_threads_leave_one_thread_at_most():
    counter = Counter()

    def play():
        for _ in range(20):
            counter.background.start()
            names = [thread.name for thread in threading.enumerate()]
            assert names.count("nnlab live training") <= 1
            counter.background.pause()

    players = [threading.Thread(target=play) for _ in range(4)]
    for player in players:
        player.start()
    for player in players:
        player.join(WAIT)
    counter.background.wait(WAIT)
    assert counter.shown[-1] == counter.steps


def test_turns_let_the_waiting_one_in():
    turns, stop, rounds = Turns(), threading.Event(), []

    def greedy():
        while not stop.is_set():
            with turns:
                rounds.append(1)
                time.sleep(0.005)

    thread = threading.Thread(target=greedy)
    thread.start()
    until(lambda: rounds)
    waited = []
    for _ in range(20):
        before = len(rounds)
        with turns:
            waited.append(len(rounds) - before)  # rounds that began while this thread stood waiting
        time.sleep(0.001)
    stop.set()
    thread.join(WAIT)
    assert sum(waited) <= 5, waited  # with a plain Lock: one each time, or many
