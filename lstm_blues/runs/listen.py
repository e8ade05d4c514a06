"""What the frozen network plays, for TensorBoard: pictures, sound and notes in words."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor
from torch.utils.tensorboard.writer import SummaryWriter

from lstm_blues.errors import BluesError
from lstm_blues.music.piece import Piece
from lstm_blues.output.inside_pictures import inside_picture, outputs_picture
from lstm_blues.output.rolls import piece_roll
from lstm_blues.output.sound import RATE, to_audio
from lstm_blues.playing.inside import watch
from lstm_blues.runs.build import Parts

_DOTS_PER_INCH = 80


def listen(writer: SummaryWriter, parts: Parts, weights: dict[str, Tensor], step: int) -> None:
    """Pictures, sound, text and histograms of the network with `weights`, frozen.

    Two choruses are played.  The composition is the first; the outputs beside their targets, and
    states and gates, are those of the second.
    """
    settings, form = parts.settings, parts.settings.form
    for name, values in weights.items():
        writer.add_histogram(f"weights/{name}", values[values != 0], step)
    if not settings.network.has_blocks or settings.corpus is not None:
        return  # without blocks to look into, or without the one form that pictures are of
    network, song = parts.frozen(weights).cpu(), parts.stream.table[0]
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
        ("network/outputs_and_targets", outputs_picture(seen, form, form.steps, settings.encoding)),
        ("network/states_and_gates", inside_picture(seen, network.topology, form, form.steps)),
    ):
        writer.add_image(tag, _pixels(figure), step, dataformats="HWC")


def _pixels(figure: Figure) -> np.ndarray:
    figure.set_dpi(_DOTS_PER_INCH)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())[:, :, :3]  # type: ignore[no-untyped-call]
