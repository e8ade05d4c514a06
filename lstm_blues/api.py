"""What notebooks and programs call, each in one line.

    from lstm_blues.api import compose, evaluate, load, render

    network = load()  # the newest run, or the bundled network
    pieces = compose(network, pieces=3, choruses=4, seed=1)
    render(pieces[0], "blues.wav", tempo=140, swing=0.62)
    table = evaluate(network)

To train from a program: `train(configure("+experiment=melody", "seed=3"), "outputs/mine")`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from lstm_blues.errors import BluesError
from lstm_blues.lab.evaluation import EvaluateSettings, evaluate
from lstm_blues.lab.melodies import random_walks
from lstm_blues.lab.tables import evaluation_table as show_table
from lstm_blues.music.bars import BarLibrary, melody_floor
from lstm_blues.music.piece import Chord, Note, Piece
from lstm_blues.music.songs import BluesSongs
from lstm_blues.output.inside_pictures import (
    inside_picture,
    outputs_picture,
    recovery_picture,
    traces_picture,
)
from lstm_blues.output.render import FORMATS, render
from lstm_blues.output.rolls import piece_roll
from lstm_blues.playing.inside import Inside, forget_cells, steps_to_recover, watch, wrong_chord
from lstm_blues.playing.sampler import Sampling
from lstm_blues.runs.build import Parts
from lstm_blues.runs.command import sentence_of
from lstm_blues.runs.config import MY_MUSIC, compose_config
from lstm_blues.runs.run import run_experiment
from lstm_blues.runs.settings import settings_from
from lstm_blues.runs.summary import Summary
from lstm_blues.runs.trained import Primer, Trained
from lstm_blues.runs.trained import compose_pieces as compose
from lstm_blues.runs.trained import load_trained as load


def configure(*overrides: str) -> dict[str, Any]:
    """A training config, as `python -m lstm_blues.train` composes it, in plain containers.

    Args:
        overrides: as on the command line, such as `+experiment=melody` and `seed=3`; forms and bars
            are found in `my_music`, too.

    Raises:
        BluesError: no such setting, or no such file.
    """
    found = list(overrides)
    if Path(MY_MUSIC).is_dir():
        found.append(f"hydra.searchpath=['{Path(MY_MUSIC).absolute().as_uri()}']")
    try:
        return compose_config(found)
    except (HydraException, OmegaConfBaseException) as error:
        raise BluesError(sentence_of(error, "train", composing=True)) from None


def train(config: dict[str, Any], folder: str | Path) -> Summary:
    """Trains as `config` says and leaves everything in `folder`, made where it is not there.

    Raises `BluesError` for a mistake in the config, or where `folder` already holds a run.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return run_experiment(config, folder)


def songs(config: dict[str, Any]) -> BluesSongs:
    """The training songs of a config.  Raises `BluesError` where it has no bar library."""
    return Parts(settings_from(config)).require_songs()


__all__ = [
    "FORMATS",
    "BarLibrary",
    "BluesSongs",
    "Chord",
    "EvaluateSettings",
    "Inside",
    "Note",
    "Piece",
    "Primer",
    "Sampling",
    "Summary",
    "Trained",
    "compose",
    "configure",
    "evaluate",
    "forget_cells",
    "inside_picture",
    "load",
    "melody_floor",
    "outputs_picture",
    "piece_roll",
    "random_walks",
    "recovery_picture",
    "render",
    "show_table",
    "songs",
    "steps_to_recover",
    "traces_picture",
    "train",
    "watch",
    "wrong_chord",
]
