"""Forms and bar libraries as the YAML files of `conf/form` and `conf/bars`, for people to mend."""

from __future__ import annotations

import yaml

from lstm_blues.music.bars import BarLibrary
from lstm_blues.music.form import Form


def form_yaml(form: Form, sources: str) -> str:
    """The form as a file of `conf/form`; `sources` are named in its first line."""
    return (
        f"# Read from {sources}.\n"
        f"name: {_word(form.name)}\nbars: {form.bars}\n"
        f"chords: [{', '.join(form.chords)}]\n"
        f"metre: {form.metre}\n"
        f"steps_per_bar: {form.steps_per_bar}\n"
        f"lowest_chord_note: {form.lowest_chord_note}\n"
        f"lowest_melody_note: {form.lowest_melody_note}\n"
        f"melody_notes: {form.melody_notes}\n"
    )


def library_yaml(library: BarLibrary, form: Form, sources: str) -> str:
    """The bar library as a file of `conf/bars`, the chords of each bar beside it."""
    lines = [f"# Read from {sources}.", f"name: {_word(library.name)}", "scale: []", "bars:"]
    for number, (chords, segments) in enumerate(zip(form.chords, library.bars, strict=True), 1):
        lines.append(f"  # bar {number}: {chords}")
        lines += [
            f"  {'- ' if first == 0 else '  '}- [{', '.join(_quoted(note) for note in segment)}]"
            for first, segment in enumerate(segments)
        ]
    return "\n".join(lines) + "\n"


def _word(name: str) -> str:
    """A name in YAML, which takes `yes` for a truth value and digits for a number or a date."""
    return name if name[:1].isalpha() and yaml.safe_load(name) == name else f"'{name}'"


def _quoted(note: str) -> str:
    return f"'{note}'" if ":" in note or "~" in note else note
