"""An ending: by rule, since the network knows none and goes on indefinitely."""

from __future__ import annotations

from dataclasses import replace

import torch

from lstm_blues.music.chords import OCTAVE, read_symbol
from lstm_blues.music.form import Form
from lstm_blues.music.piece import Piece


def with_ending(piece: Piece) -> Piece:
    """A piece whose last bar is the form's first chord, and one held melody note of its triad (of
    the whole chord, or of the melody's range, where it has none of that), struck anew, the nearest
    to the note before; all else is the network's.

    A piece that ends within a bar is left as it is.
    """
    form, bar = piece.form, piece.form.steps_per_bar
    if piece.steps < bar or piece.steps % bar:
        return piece
    first = piece.steps - bar
    notes = piece.notes.clone()
    tonic = form.chord_tensor()[0]
    notes[first:, : Form.CHORD_NOTES] = tonic.to(notes)
    if piece.has_melody:
        root = read_symbol(form.symbols[0]).root
        triad = [root, *((root + step) % OCTAVE for step in (3, 4, 7))]
        sounding = {form.chord_pitches[k] % OCTAVE for k in range(OCTAVE) if tonic[k] > 0}
        at = [note.pitch for note in piece.melody if note.start < first]
        last = at[-1] if at else form.melody_pitches[len(form.melody_pitches) // 2]
        goes_on = piece.encoding.held == "unmarked"  # a note is struck by being another
        free = [p for p in form.melody_pitches if not (goes_on and p == last)] or [last]
        closing = (
            [p for p in free if p % OCTAVE in classes]
            for classes in (sounding.intersection(triad), sounding)
        )
        allowed = next(filter(None, closing), free)
        pitch = min(allowed, key=lambda p: (abs(p - last), p))
        units = torch.full((bar,), pitch - form.lowest_melody_note)
        begins = torch.arange(bar) == 0
        melody = piece.encoding.encode_melody(units, begins, form.melody_notes)
        notes[first:, Form.CHORD_NOTES :] = melody.to(notes)
    return replace(piece, notes=notes, ends=True)
