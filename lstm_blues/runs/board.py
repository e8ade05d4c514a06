"""TensorBoard's events of one run."""

from __future__ import annotations

from pathlib import Path

from tensorboard.compat.proto.summary_pb2 import Summary
from torch.utils.tensorboard.summary import hparams
from torch.utils.tensorboard.writer import SummaryWriter

from lstm_blues.runs.config import flat_config


class Board:
    """Writes TensorBoard's events of one run; to be closed.

    Args:
        folder: of the run.
        since: events after this step, written before the run was stopped, are void.
    """

    def __init__(self, folder: Path, since: int = 0) -> None:
        self.writer = SummaryWriter(str(folder), purge_step=since or None)
        self._events = self.writer._get_file_writer()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Writes what is not yet written."""
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
