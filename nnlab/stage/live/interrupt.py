"""An interrupt of the kernel pauses what runs beside the cells.

While no cell runs, ipykernel ignores the signal of an interrupt, and a thread goes on. So its place is taken as long
as there is something to pause. While a cell runs, it gets the interrupt as ever, and what runs beside it pauses, too.
"""

import signal
from collections.abc import Callable

__all__ = ["Interrupts"]

AGAIN = 0.1  # seconds until the next try to take the place, where a cell awaits something


class Interrupts:
    """Calls ``pause()`` when the kernel is interrupted, from ``begin`` to ``end``. Outside of a kernel: nothing.

    Args:
        running: () -> whether there is something to pause.
        pause: () -> None, called in the main thread.
    """

    def __init__(self, running: Callable[[], bool], pause: Callable[[], None]):
        self._running, self._pause = running, pause

    def begin(self) -> None:
        """Listen. May be called from every thread."""
        if (shell := in_kernel()) is not None:
            shell.kernel.io_loop.add_callback(self._listen, shell)

    def end(self) -> None:
        """Listen no more. May be called from every thread."""
        if (shell := in_kernel()) is not None:
            shell.kernel.io_loop.add_callback(self._leave, shell)

    def _listen(self, shell) -> None:
        """In the main thread, between two messages, when the signal is ignored."""
        if not self._running():
            return
        handler = signal.getsignal(signal.SIGINT)
        if handler is signal.SIG_IGN:
            handler = Pauser()
            signal.signal(signal.SIGINT, handler)
        if not isinstance(handler, Pauser):  # a cell awaits something: the handler of now is gone with it
            shell.kernel.io_loop.call_later(AGAIN, self._listen, shell)
        elif self._pause not in handler.pauses:
            handler.pauses.append(self._pause)
            shell.events.register("post_run_cell", self._ran)

    def _leave(self, shell) -> None:
        handler = signal.getsignal(signal.SIGINT)
        if self._running() or not isinstance(handler, Pauser) or self._pause not in handler.pauses:
            return
        handler.pauses.remove(self._pause)
        shell.events.unregister("post_run_cell", self._ran)
        if not handler.pauses:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _ran(self, result) -> None:
        """A cell has ended, perhaps by an interrupt."""
        if isinstance(result.error_in_exec, KeyboardInterrupt):
            self._pause()


class Pauser:
    """What happens at an interrupt while no cell runs."""

    def __init__(self) -> None:
        self.pauses: list[Callable[[], None]] = []

    def __call__(self, number, frame) -> None:
        for pause in list(self.pauses):
            pause()


def in_kernel():
    """IPython's shell, if it belongs to a kernel with an event loop; else None."""
    from IPython import get_ipython

    shell = get_ipython()
    return shell if getattr(getattr(shell, "kernel", None), "io_loop", None) else None
