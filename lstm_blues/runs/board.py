"""What TensorBoard shows of a run: numbers, and at intervals what the frozen network plays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from tensorboard.compat.proto.summary_pb2 import Summary
from torch import Tensor
from torch.utils.tensorboard.summary import hparams
from torch.utils.tensorboard.writer import SummaryWriter

from lstm_blues.errors import BluesError
from lstm_blues.music.piece import Piece
from lstm_blues.network.network import BluesNetwork
from lstm_blues.output.pictures import inside_picture, outputs_picture, piece_roll
from lstm_blues.output.sound import RATE, to_audio
from lstm_blues.playing.inside import watch
from lstm_blues.runs.config import flat_config
from lstm_blues.runs.settings import Settings

_DOTS_PER_INCH = 80


class Board:
    """Writes TensorBoard's events of one run; to be used in a `with` block.

    Args:
        folder: of the run.
        settings: of the run.
        config: the same, in plain containers.
        since: events after this step, written before the run was stopped, are void.
    """

    def __init__(
        self, folder: Path, settings: Settings, config: dict[str, object], since: int = 0
    ) -> None:
        self.writer = SummaryWriter(str(folder), purge_step=since or None)
        self._events = self.writer._get_file_writer()  # type: ignore[no-untyped-call]
        self.settings, self.config = settings, config

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.close()

    def scalars(self, values: dict[str, float], step: int) -> None:
        """Numbers by tag, in one event: far cheaper than one each."""
        told = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        self._events.add_summary(Summary(value=told), step)

    def listen(self, weights: dict[str, Tensor], step: int) -> None:
        """Pictures, sound, text and histograms of the network with `weights`, frozen.

        Two choruses are played.  The composition is the first; the outputs beside their targets,
        and states and gates, are those of the second.
        """
        writer, settings = self.writer, self.settings
        for name, values in weights.items():
            writer.add_histogram(f"weights/{name}", values[values != 0], step)
        network = settings.build_network().cpu()
        if not isinstance(network, BluesNetwork) or settings.corpus is not None:
            return  # without blocks to look into, or without the one form that pictures are of
        network.load_state_dict(weights)
        songs, form = settings.songs(), settings.form
        song = form.chord_tensor() if songs is None else songs[0].inputs
        try:
            seen = watch(network, song, 2 * form.steps, seed=settings.seed, traces=False)
        except BluesError as error:  # no note can be drawn
            writer.add_text("composition/notes", str(error), step)
            return
        title = f"{settings.name}, seed {settings.seed}, {step:,} steps"
        piece = Piece(seen.heard[: form.steps], form, settings.encoding, settings.bars, title=title)
        writer.add_text("composition/notes", f"```\n{piece.in_words()}\n```", step)
        sound = to_audio(piece).mean(0)
        # Half the rate will do to hear what is played.
        sound = sound[: len(sound) // 2 * 2].reshape(-1, 2).mean(1)
        writer.add_audio("composition/sound", torch.from_numpy(sound)[None], step, RATE // 2)
        for tag, figure in (
            ("composition/piano_roll", piece_roll(piece)),
            ("network/outputs_and_targets", outputs_picture(seen, form, form.steps)),
            (
                "network/states_and_gates",
                inside_picture(seen, network.topology, form, form.steps),
            ),
        ):
            writer.add_image(tag, _pixels(figure), step, dataformats="HWC")

    def finish(self, results: dict[str, float], step: int) -> None:
        """The run's settings with its final numbers by name, as hyper-parameters (HParams)."""
        metrics = {f"final/{name}": float(value) for name, value in results.items()}
        self.scalars(metrics, step)
        chosen = {
            name: value if isinstance(value, bool | int | float | str) else str(value)
            for name, value in flat_config(self.config).items()
            if name.startswith(("seed", "encoding.", "network.", "learning.", "run.engine"))
            or name == "form.steps_per_bar"
        }
        for summary in hparams(chosen, metrics):  # type: ignore[no-untyped-call]
            self._events.add_summary(summary)


def _pixels(figure: Figure) -> np.ndarray:
    figure.set_dpi(_DOTS_PER_INCH)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())[:, :, :3]  # type: ignore[no-untyped-call]
