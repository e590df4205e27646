"""Work that goes on in a thread while the notebook's cells stay free: many steps, a picture now and then.

The thread exists only while there is something to do. Nothing here knows what a step or a picture is.
"""

import atexit
import threading
import time
from collections.abc import Callable

from nnlab.stage.live.interrupt import Interrupts

__all__ = ["Background"]

PICTURES = 20  # a second, as far as the machine can
BUSY = 0.05  # seconds of steps, after which a picture is due
PATIENCE = 100_000  # steps after *start*; then it pauses, so that nothing runs for ever unseen


class Turns:
    """A lock that its holder cannot take again before those who wait for it.

    With a plain Lock, a loop that gives it back and takes it at once leaves no gap for another thread. Here whoever
    waits for the work stands in the door, and the loop has to queue behind.
    """

    def __init__(self):
        self._door, self._work = threading.Lock(), threading.Lock()

    def __enter__(self):
        with self._door:
            self._work.acquire()

    def __exit__(self, *_):
        self._work.release()


class Background:
    """Repeats ``step`` and shows where it stands.

    Args:
        step: () -> whether it may go on. Called while ``turns`` is held.
        show: () -> None, called about 20 times a second while steps are made, and always after the last one, also
            when it failed.
        fail: (error) -> None, called with what ``step`` or ``show`` raised; the work has stopped by then.
        begin: () -> None, called in the thread before each round of steps.
        end: () -> None, called in the thread when it ends.

    Attributes:
        turns: hold it to read or change what a step reads or changes: no step is made meanwhile.
        per_picture: steps between two pictures, unless they take longer than 50 ms.
    """

    def __init__(self, step: Callable, show: Callable, fail: Callable, begin: Callable, end: Callable):
        self.turns = Turns()
        self.per_picture = 10
        self._step, self._show, self._fail, self._begin, self._end = step, show, fail, begin, end
        self._left = 0  # steps that are still to be made
        self._endless = False
        self._stale = False  # something changed that no picture shows yet
        self._thread: threading.Thread | None = None
        self._interrupts = Interrupts(lambda: self.running, self.pause)

    @property
    def running(self) -> bool:
        """Whether more steps will be made."""
        return self._left > 0

    def start(self) -> None:
        """Make steps until ``pause``, an interrupt, an error, or 100,000 of them. Returns at once."""
        with self.turns:
            self._left, self._endless = PATIENCE, True
            self._wake()
        self._interrupts.begin()

    def once(self) -> None:
        """Make one step, or one more where single steps wait to be made. Returns at once."""
        with self.turns:
            self._left, self._endless = (1 if self._endless else self._left + 1), False
            self._wake()

    def pause(self) -> None:
        """Stop. When this returns, no step is under way; a last picture may still be drawn."""
        with self.turns:
            self._stale |= self._left > 0
            self._left = 0

    def refresh(self) -> None:
        """Show where it stands, without a step."""
        with self.turns:
            self._wake()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until all steps are made and shown, but not for a run that goes on until ``pause``."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread() and not (self.running and self._endless):
            thread.join(seconds)

    def _wake(self) -> None:
        """Have a thread; ``turns`` is held."""
        self._stale = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="nnlab live training", daemon=True)
            self._thread.start()
            atexit.register(self._leave)

    def _work(self) -> None:
        while not self._over():
            began = time.monotonic()
            try:
                self._begin()
                try:
                    self._steps(began + BUSY)
                finally:
                    self._show()
            except Exception as error:  # it belongs in front of the student: nobody reads what a thread prints
                with self.turns:
                    self._left = 0
                self._fail(error)
            if self._left:
                time.sleep(max(0.0, began + 1 / PICTURES - time.monotonic()))

    def _over(self) -> bool:
        """Whether there is nothing more to do. Then this thread is no longer the one that works."""
        with self.turns:
            if self._left or self._stale:
                self._stale = False
                return False
            self._end()
            self._interrupts.end()
            self._thread = None
            atexit.unregister(self._leave)
            return True

    def _leave(self) -> None:
        """Before Python ends: a thread that is cut off inside PyTorch makes the whole process abort."""
        self.pause()
        self.wait()

    def _steps(self, until: float) -> None:
        """The steps of one picture; at least one, and none after ``pause``."""
        for _ in range(self.per_picture):
            with self.turns:
                if not self._left:
                    return
                self._left = self._left - 1 if self._step() else 0
            if time.monotonic() > until:
                return
