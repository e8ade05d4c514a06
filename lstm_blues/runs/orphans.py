"""Runs of a sweep in other processes end with the sweep, however it ends."""

from __future__ import annotations

import os
import platform
import signal
import sys
import threading
import time
from typing import Any

from hydra.experimental.callback import Callback

from lstm_blues.errors import ExitCode
from lstm_blues.files import is_alive

_LOOK = 0.5
"""Seconds between two looks at the sweep's process."""

_PATIENCE = 60.0
"""Seconds that a run has to save its checkpoint."""


_ended = threading.Event()
"""Set in a process whose sweep is no more."""


def end_with_sweep() -> None:
    """Ends a process whose sweep is no more, and that would wait for the sweep's next run."""
    if _ended.is_set():
        sys.stdout.flush()
        os._exit(ExitCode.INTERRUPTED)


class EndWithSweep(Callback):
    """Hydra makes it in the process of the sweep, by `conf/train.yaml`, and its launchers send it
    to the processes of the runs.

    host, process: of the sweep.  On other machines, and in the sweep's own process, nothing is
    done.
    """

    def __init__(self, host: str | None = None, process: int | None = None) -> None:
        self.host, self.process = host or platform.node(), process or os.getpid()
        self._is_child = os.getppid() == self.process
        self._watches = False

    def __reduce__(self) -> tuple[type[EndWithSweep], tuple[str, int]]:
        """It remembers the sweep's process."""
        return EndWithSweep, (self.host, self.process)

    def on_job_start(self, *_: Any, **__: Any) -> None:
        """Before each run: ends here where the sweep is no more, else begins to watch it."""
        if (self.host, self.process) == (platform.node(), os.getpid()):
            return
        if self._has_ended():
            os._exit(ExitCode.INTERRUPTED)
        if not self._watches:
            self._watches = True
            threading.Thread(target=self._watch, daemon=True).start()

    def _has_ended(self) -> bool:
        if self.host != platform.node():
            return False
        # Of a parent the system says it for certain; another process may get its number.
        return os.getppid() != self.process if self._is_child else not is_alive(self.process)

    def _watch(self) -> None:
        while not self._has_ended():
            time.sleep(_LOOK)
        _ended.set()
        os.kill(os.getpid(), signal.SIGTERM)  # as one asks any run to save and end
        time.sleep(_PATIENCE)
        os._exit(ExitCode.INTERRUPTED)
