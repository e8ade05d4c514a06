"""Melodies to compare: training songs and a random walk (section 4.3)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lstm_blues.errors import require
from lstm_blues.lab.melody_metrics import Begins, Melodies, in_scale
from lstm_blues.music.piece import Piece
from lstm_blues.runs.trained import Trained


def melody_of(notes: Tensor, trained: Trained) -> Tensor:
    """The melody's note at each step, 0 the lowest, one above the highest for a rest, shape
    (..., steps), int64."""
    return trained.songs.encoding.decode_melody(notes)[0].clamp(min=0)


def begins_of(notes: Tensor, trained: Trained) -> Begins | None:
    """Where notes begin, shape (..., steps), bool; None where nothing in the encoding marks it."""
    encoding = trained.songs.encoding
    return None if encoding.held == "unmarked" else encoding.decode_melody(notes)[1].numpy()


def draw_songs(
    trained: Trained,
    pieces: int,
    choruses: int,
    rng: np.random.Generator,
    *,
    held_out: bool = False,
) -> Tensor:
    """Songs drawn uniformly from those that were learned, or from those held out of learning, some
    choruses in a row; their notes, shape (pieces, choruses * steps, units)."""
    songs, apart = trained.songs, np.array(trained.held_out, np.int64)
    shape = (pieces, choruses)
    if held_out:
        numbers = rng.choice(apart, shape)
    else:
        numbers = rng.integers(len(songs), size=shape)
        while (wrong := np.isin(numbers, apart)).any():
            numbers[wrong] = rng.integers(len(songs), size=int(wrong.sum()))
    return torch.stack([torch.cat([songs[int(n)].inputs for n in row]) for row in numbers])


def random_walk(trained: Trained, pieces: int, beats: int, rng: np.random.Generator) -> Melodies:
    """Notes of one beat that step up or down the scale or stay, each as likely; stopped at its
    ends, and without rests."""
    form = trained.form
    scale = np.flatnonzero(in_scale(form, trained.songs.library))
    at = rng.integers(len(scale), size=pieces)
    walked = []
    for _ in range(beats):
        walked.append(scale[at])
        at = np.clip(at + rng.integers(-1, 2, size=pieces), 0, len(scale) - 1)
    return np.stack(walked, 1).repeat(form.steps_per_beat, 1)


def random_walks(
    trained: Trained, pieces: int = 1, choruses: int = 4, seed: int = 1
) -> list[Piece]:
    """The random walk over the form's chords, as pieces to hear and to see.

    Raises `BluesError` for a number of pieces or choruses below 1, and where a beat is no whole
    number of steps.
    """
    for name, value in (("pieces", pieces), ("choruses", choruses)):
        require(value >= 1, name, value, "at least 1")
    songs, form = trained.songs, trained.form
    rng = np.random.default_rng(seed)
    melodies = random_walk(trained, pieces, choruses * form.bars * form.time.beats, rng)
    chords = form.chord_tensor().repeat(choruses, 1)
    begins = torch.arange(len(chords)) % form.steps_per_beat == 0
    walked = []
    for number, melody in enumerate(melodies, start=1):
        units = songs.encoding.encode_melody(torch.from_numpy(melody), begins, form.melody_notes)
        notes = torch.cat((chords, units), 1)
        title = f"Random walk {seed}.{number}"
        walked.append(Piece(notes, form, songs.encoding, songs.library, title))
    return walked
