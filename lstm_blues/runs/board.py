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
from lstm_blues.runs.config import conf_folder, flat_config
from lstm_blues.runs.yaml_files import read_yaml

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


def _telling(config: dict[str, object]) -> dict[str, bool | int | float | str]:
    """The settings that set a run apart from others: its seed, experiment and form, and what is not
    the report's of how it learns; dozens of constants would hide them."""
    flat, report = flat_config(config), _report()
    found = {
        "seed": flat["seed"],
        "experiment": flat["name"],
        "form": flat.get("form.name"),
        **{name: flat[name] for name in flat if name in report and flat[name] != report[name]},
    }
    return {
        name: value if isinstance(value, bool | int | float | str) else str(value)
        for name, value in found.items()
    }


def _report() -> dict[str, object]:
    """The settings of encoding, network and learning in `conf` that are the report's, by dotted
    name; where its two experiments differ, none is."""
    conf = conf_folder()
    read = {name: read_yaml(conf / f"{name}.yaml") for name in _REPORT}
    network = flat_config({"network": read["network/melody"]})
    network |= flat_config({"network": read["network/chords"]})
    learning, encoding = read["learning/report"], read["encoding/report"]
    return {**network, **flat_config({"learning": learning, "encoding": encoding})}


_REPORT = ("network/chords", "network/melody", "learning/report", "encoding/report")


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
        """What sets the run apart with its final numbers by name, as hyper-parameters (HParams)."""
        metrics = {f"final/{name}": float(value) for name, value in results.items()}
        self.scalars(metrics, step)
        for summary in hparams(_telling(config), metrics):  # type: ignore[no-untyped-call]
            self._events.add_summary(summary)
