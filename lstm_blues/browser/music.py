"""Forms, bars and chords as the page reads them; names are those of the page's modules.

A segment of melody is `{notes, begins}`: for each step the MIDI note number, -1 for a rest, and 1
where a note or a rest begins, else 0.
"""

from __future__ import annotations

from typing import Any

import yaml

from lstm_blues.errors import BluesError
from lstm_blues.music.bars import BarLibrary
from lstm_blues.music.encoding import Encoding
from lstm_blues.music.form import Form
from lstm_blues.music.metre import METRES, Metre
from lstm_blues.music.qualities import QUALITIES
from lstm_blues.music.quality_spellings import ONE_SPELLING, SPELLINGS
from lstm_blues.runs.config import conf_folder, read

REST = -1
"""The note of a step at which a segment rests."""


def music_data() -> dict[str, Any]:
    """The songbook: chord qualities, metres, and the forms and bar libraries of `conf/`."""
    forms = _forms()
    return {
        "qualities": [
            {"signs": [*one.signs, *one.also], "intervals": one.intervals, "usual": one.usual}
            for one in QUALITIES
        ],
        "spellings": {
            "whole": SPELLINGS,
            "parts": [[part, sign.replace("\\", "$")] for part, sign in ONE_SPELLING],
        },
        "metres": [metre_data(Metre(text)) for text in METRES],
        "forms": [form_data(form) for form in forms.values()],
        "bars": _libraries(forms),
    }


def form_data(form: Form) -> dict[str, Any]:
    """A form."""
    return {
        "name": form.name,
        "chords": list(form.chords),
        "bars": form.bars,
        "stepsPerBar": form.steps_per_bar,
        "lowestChordNote": form.lowest_chord_note,
        "lowestMelodyNote": form.lowest_melody_note,
        "metre": metre_data(form.time),
        "melodyNotes": form.melody_notes,
    }


def metre_data(metre: Metre) -> dict[str, Any]:
    """A metre; quarters and beat in quarter notes."""
    return {
        "text": metre.text,
        "numerator": metre.numerator,
        "denominator": metre.denominator,
        "quarters": float(metre.quarters),
        "beat": float(metre.beat),
        "beats": metre.beats,
        "strongBeats": list(metre.strong_beats),
        "swings": metre.swings,
    }


def encoding_data(encoding: Encoding) -> dict[str, Any]:
    """How notes stand at a network's units."""
    return {"inputs": encoding.inputs, "held": encoding.held, "rests": encoding.rests}


def library_data(library: BarLibrary, form: Form) -> list[list[dict[str, list[int]]]]:
    """The segments of each bar."""
    found = []
    for units, begins in zip(library.units(form), library.begins(form), strict=True):
        pitches = (units + form.lowest_melody_note).masked_fill(units == form.melody_notes, REST)
        found.append(
            [
                {"notes": notes, "begins": marks}
                for notes, marks in zip(pitches.tolist(), begins.int().tolist(), strict=True)
            ]
        )
    return found


def _forms() -> dict[str, Form]:
    """The forms of `conf/form`, but those that a run's seed draws."""
    found = {}
    for path in sorted((conf_folder() / "form").glob("*.yaml")):
        text = path.read_text()
        if "${" not in text:
            found[path.stem] = read(Form, yaml.safe_load(text), f"conf/form/{path.name}")
    return found


def _libraries(forms: dict[str, Form]) -> dict[str, Any]:
    """The bar libraries of `conf/bars`, each with the form of its name, or the first that it fits
    as it stands."""
    found = {}
    for path in sorted((conf_folder() / "bars").glob("*.yaml")):
        library = read(BarLibrary, yaml.safe_load(path.read_text()), f"conf/bars/{path.name}")
        named = [form for form in forms.values() if form.name == path.stem]
        for form in [*named, *forms.values()]:
            try:
                library.require_fitting(form, Encoding(rests=library.rests))
            except BluesError:
                continue
            found[library.name] = {
                "form": form.name,
                "rests": library.rests,
                "bars": library_data(library, form),
            }
            break
    return found
