"""TensorBoard's events of one run."""

from __future__ import annotations

import os
import platform
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter
from torch.utils.tensorboard.summary import hparams
from torch.utils.tensorboard.writer import FileWriter, SummaryWriter

from lstm_blues.files import naming
from lstm_blues.runs.config import flat_config

_VERSION = "brain.Event:2"

_number = count()


class _EventsFile:
    """A file of events, each written at once.

    TensorBoard's own writes in a thread, where an error becomes a traceback.
    """

    def __init__(self, folder: str) -> None:
        name = f"{int(time.time()):010d}.{platform.node()}.{os.getpid()}.{next(_number)}"
        self.folder, self.path = folder, Path(folder) / f"events.out.tfevents.{name}"
        with naming(self.path):
            self._file = self.path.open("wb")
        self._records = RecordWriter(self._file)
        self.add_event(Event(wall_time=time.time(), file_version=_VERSION))

    def get_logdir(self) -> str:
        """Its folder."""
        return self.folder

    def add_event(self, event: Event) -> None:
        """Writes an event; raises OSError with the file's name."""
        with naming(self.path):
            self._records.write(event.SerializeToString())
            self._file.flush()

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Closes the file."""
        with suppress(OSError):  # of what could not be written, and was told of
            self._file.close()


class _FileWriter(FileWriter):
    """torch's, on top of `_EventsFile`."""

    def __init__(self, folder: str) -> None:
        self.event_writer = _EventsFile(folder)


class _Writer(SummaryWriter):
    """torch's, with `_FileWriter`."""

    file_writer: _FileWriter | None  # type: ignore[assignment]
    all_writers: dict[str, _FileWriter] | None  # type: ignore[assignment]

    def _get_file_writer(self) -> _FileWriter:
        if self.file_writer is None:
            self.file_writer = _FileWriter(self.log_dir)
            self.all_writers = {self.log_dir: self.file_writer}
        return self.file_writer


class Board:
    """Writes TensorBoard's events of one run; to be closed.

    Args:
        folder: of the run.
        since: events after this step, written before the run was stopped, are void.

    Raises:
        OSError: an event cannot be written; with the file's name.
    """

    def __init__(self, folder: Path, since: int = 0) -> None:
        self.writer = _Writer(str(folder))
        self._events = self.writer._get_file_writer()
        if since:
            begun = SessionLog(status=SessionLog.START)
            self._events.add_event(Event(file_version=_VERSION), since)
            self._events.add_event(Event(session_log=begun), since)

    def close(self) -> None:
        """Closes the file."""
        self.writer.close()

    def scalars(self, values: dict[str, float], step: int) -> None:
        """Numbers by tag, in one event: far cheaper than one each."""
        told = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        self._events.add_summary(Summary(value=told), step)

    def finish(self, config: dict[str, object], results: dict[str, float], step: int) -> None:
        """The run's settings with its final numbers by name, as hyper-parameters (HParams)."""
        metrics = {f"final/{name}": float(value) for name, value in results.items()}
        self.scalars(metrics, step)
        chosen = {
            name: value if isinstance(value, bool | int | float | str) else str(value)
            for name, value in flat_config(config).items()
            if name.startswith(
                ("seed", "encoding.", "network.", "learning.", "run.engine", "form.steps_per_bar")
            )
        }
        for summary in hparams(chosen, metrics):  # type: ignore[no-untyped-call]
            self._events.add_summary(summary)
