"""What a finished run leaves to look at and to hear, and its summary."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch

from lstm_blues.files import write_text
from lstm_blues.music.corpus import Corpus
from lstm_blues.music.piece import Piece
from lstm_blues.network.topology import CHORDS
from lstm_blues.output.midi import write_midi, write_songs
from lstm_blues.output.pictures import write_picture
from lstm_blues.output.render import render
from lstm_blues.output.rolls import chord_roll, corpus_roll
from lstm_blues.runs.build import Parts
from lstm_blues.runs.results import play_alone
from lstm_blues.runs.summary import Status, Summary
from lstm_blues.runs.trained import Trained, compose_pieces

PICTURED_CHORUSES = 2


COMPOSITION = ("mid", "musicxml", "png", "txt")


def publish(parts: Parts, summary: Summary, folder: Path) -> None:
    """Writes the free run as picture and MIDI, a composition where there is a melody, and the
    summary in words and numbers."""
    settings = parts.settings
    if settings.corpus is not None:
        _write_songs(parts, settings.corpus, folder)
    else:
        _write_form(parts, folder)
    if settings.bars is not None and summary.status != Status.NON_FINITE:
        network = parts.frozen(parts.learner.state().weights).cpu()
        trained = Trained(network, settings, parts.require_songs(), folder)
        (composed,) = compose_pieces(trained, choruses=PICTURED_CHORUSES, seed=summary.seed)
        for suffix in COMPOSITION:
            render(composed, folder / f"composition.{suffix}")
    write_text(folder / "summary.txt", summary.in_words(folder) + "\n")
    write_text(folder / "summary.json", json.dumps(asdict(summary), indent=2) + "\n")


def _write_form(parts: Parts, folder: Path) -> None:
    """Two choruses of the form, as the frozen network plays it."""
    form = parts.settings.form
    chords = parts.settings.network.topology.unit_slice(CHORDS)
    played = play_alone(parts, PICTURED_CHORUSES * form.steps - 1).notes[:, chords]
    # The first step is given to the network, all that follow are its own.
    shown = torch.cat((form.chord_tensor()[:1] > 0, played))
    target = form.chord_tensor().repeat(PICTURED_CHORUSES, 1)
    write_picture(chord_roll(target, shown, form), folder / "free_run.png")
    write_midi(Piece(shown, form, title=form.name), folder / "free_run.mid")


def _write_songs(parts: Parts, corpus: Corpus, folder: Path) -> None:
    """Of every song what the network was given, and then two choruses alone."""
    played = {}
    for number, (name, song) in enumerate(corpus.songs.items()):
        steps = corpus.primer + PICTURED_CHORUSES * corpus.steps - 1
        played[name] = torch.cat((song[:1] > 0, play_alone(parts, steps, number).notes))
    write_songs(played, corpus, folder / "free_run.mid")
    write_picture(corpus_roll(played, corpus), folder / "free_run.png")
