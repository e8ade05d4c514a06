"""Pieces as sheet music (section 2.3: the report published its pieces as sheet music).

MusicXML is written here, as a lead sheet: one melody line with chord symbols above it.  The extra
`scores` engraves it, as SVG and PDF, with Verovio.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from lstm_blues.checkpoint import write_safely
from lstm_blues.errors import BluesError
from lstm_blues.form import NOTE_NAMES, Symbol, pitch_classes, read_symbol
from lstm_blues.midi import BEATS_PER_BAR, STRAIGHT, Timing
from lstm_blues.piece import Note, Piece

BARS_PER_SYSTEM = 4

# MusicXML's kind of each chord quality, and the degrees added to it or altered in it.
_KINDS: dict[str, tuple[str, tuple[tuple[int, int, str], ...]]] = {
    "": ("major", ()),
    "m": ("minor", ()),
    "5": ("power", ()),
    "dim": ("diminished", ()),
    "aug": ("augmented", ()),
    "sus2": ("suspended-second", ()),
    "sus4": ("suspended-fourth", ()),
    "6": ("major-sixth", ()),
    "m6": ("minor-sixth", ()),
    "6/9": ("major-sixth", ((9, 0, "add"),)),
    "7": ("dominant", ()),
    "maj7": ("major-seventh", ()),
    "m7": ("minor-seventh", ()),
    "mM7": ("major-minor", ()),
    "dim7": ("diminished-seventh", ()),
    "m7b5": ("half-diminished", ()),
    "aug7": ("augmented-seventh", ()),
    "7b5": ("dominant", ((5, -1, "alter"),)),
    "7sus4": ("suspended-fourth", ((7, -1, "add"),)),
    "7b9": ("dominant", ((9, -1, "add"),)),
    "7#9": ("dominant", ((9, 1, "add"),)),
    "9": ("dominant-ninth", ()),
    "maj9": ("major-ninth", ()),
    "m9": ("minor-ninth", ()),
    "add9": ("major", ((9, 0, "add"),)),
    "11": ("dominant-11th", ()),
    "m11": ("minor-11th", ()),
    "13": ("dominant-13th", ()),
}
_LETTERS = "CDEFGAB"
_NATURAL = dict(zip(_LETTERS, (0, 2, 4, 5, 7, 9, 11), strict=True))
# How many letters above its root a chord's note stands, by semitones: a flat fifth, not a sharp
# fourth; a flat ninth; a flat third.
_LETTERS_UP = (0, 1, 1, 2, 2, 3, 4, 4, 4, 5, 6, 6)
# Sharps (positive) or flats of the major key on each pitch class.
_FIFTHS = (0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5)
_SHARP_FROM = 2
_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_TYPES = {1: "whole", 2: "half", 4: "quarter", 8: "eighth", 16: "16th", 32: "32nd", 64: "64th"}


class Spelled(NamedTuple):
    """A written pitch: letter, alteration in semitones, octave."""

    letter: str
    alter: int
    octave: int


def spell(pitch: int, chord: str, fifths: int) -> Spelled:
    """How a melody note is written.

    A note of the sounding chord is spelled as a part of it (Gb in Cdim); any other by the key:
    with sharps where the key has two or more of them, else as `form.NOTE_NAMES`.

    Args:
        pitch: MIDI note number.
        chord: the symbol of the sounding chord; empty for none.
        fifths: sharps of the key, flats being negative.
    """
    name = NOTE_NAMES[pitch % 12]
    letter, alter = name[0], {"": 0, "b": -1, "#": 1}[name[1:]]
    if fifths >= _SHARP_FROM and alter < 0:
        letter, alter = _LETTERS[_LETTERS.index(letter) - 1], 1
    parts = _parts(chord)
    if parts is not None and pitch % 12 in pitch_classes(chord):
        root = parts.root
        up = _LETTERS_UP[(pitch - root) % 12]
        root_letter = parts.root_name[0]
        of_chord = _LETTERS[(_LETTERS.index(root_letter) + up) % 7]
        by = (pitch - _NATURAL[of_chord] + 6) % 12 - 6
        if abs(by) <= 1:
            letter, alter = of_chord, by
    octave = (pitch - alter - _NATURAL[letter]) // 12 - 1
    return Spelled(letter, alter, octave)


def _parts(symbol: str) -> Symbol | None:
    """A symbol in parts; None where notes have none and stand by their names."""
    try:
        return read_symbol(symbol)
    except BluesError:
        return None


def key_fifths(piece: Piece) -> int:
    """Sharps of the key on the form's first chord, flats being negative; minor where it is."""
    parts = read_symbol(piece.form.symbols[0])
    minor = 3 in {(pitch - parts.root) % 12 for pitch in pitch_classes(piece.form.symbols[0])}
    return _FIFTHS[(parts.root + 3 * minor) % 12]


class Slice(NamedTuple):
    """A stretch in which the same notes sound; `tied`: those that go on after it."""

    pitches: tuple[int, ...]
    start: int
    end: int
    tied: frozenset[int]


def written_slices(melody: Sequence[Note], start: int, end: int, bar: int) -> list[Slice]:
    """What one voice writes from step `start` to `end`, a bar or a part of it.

    Stretches are cut where notes begin and end, and then until each can be written as one note or
    rest that doesn't hide the beat.
    """
    inside = [note for note in melody if note.start < end and note.end > start]
    cuts = {start, end}
    for note in inside:
        cuts |= {max(note.start, start), min(note.end, end)}
    points = sorted(cuts)
    slices = []
    for first, last in pairwise(points):
        sounding = [n for n in inside if n.start <= first and n.end >= last]
        for begin, finish in _writable(first - start, last - start, bar):
            tied = frozenset(n.pitch for n in sounding if n.end > finish + start)
            pitches = tuple(sorted({n.pitch for n in sounding}))
            slices.append(Slice(pitches, begin + start, finish + start, tied))
    return slices


def _writable(start: int, end: int, bar: int) -> list[tuple[int, int]]:
    """A stretch of a bar as notes that can be written, cut at its strongest beat where need be."""
    length = end - start
    whole, left = divmod(bar, length)
    power = left == 0 and whole & (whole - 1) == 0
    dotted = length % 3 == 0 and _is_power(bar, length // 3 * 2)
    size = length if power else length // 3 * 2
    aligned = (power or dotted) and start % size == 0
    # An off-beat note of half the size on each side is a syncopation that players read at sight.
    syncope = power and length > 1 and start % length == length // 2 and length * 4 <= bar
    # Without a middle inside the same half of the bar.
    syncope = syncope and start // (bar // 2) == (end - 1) // (bar // 2) if bar % 2 == 0 else False
    if aligned or syncope or length == 1:
        return [(start, end)]
    step = bar
    while True:
        step = step // 2 if step % 2 == 0 else 1
        cut = (start // step + 1) * step
        if start < cut < end:
            return _writable(start, cut, bar) + _writable(cut, end, bar)


def _is_power(bar: int, length: int) -> bool:
    """Whether a length is the bar halved some times."""
    whole, left = divmod(bar, length)
    return left == 0 and whole & (whole - 1) == 0


def to_musicxml(piece: Piece, timing: Timing | None = None, *, metronome: bool = True) -> bytes:
    """The piece as a lead sheet in MusicXML 4.0.

    Title, tempo, 4/4, a double bar line at each chorus's end, four bars a system; chords alone are
    written over rests.  Without `metronome` the tempo is in words, for programs that lack the sign.
    """
    timing = timing or Timing()
    fifths, bar = key_fifths(piece), piece.form.steps_per_bar
    root = ElementTree.Element("score-partwise", version="4.0")
    _put(_put(root, "work"), "work-title", piece.title)
    _put(_put(root, "identification"), "creator", "lstm_blues", type="composer")
    part = _put(_put(root, "part-list"), "score-part", id="P1")
    _put(part, "part-name", "", **{"print-object": "no"})
    _put(_put(part, "score-instrument", id="P1-I1"), "instrument-name", "Alto Saxophone")
    part = _put(root, "part", id="P1")
    bars = -(-piece.steps // bar)
    struck: dict[int, str] = {chord.start: chord.symbol for chord in piece.chords}
    carried: frozenset[int] = frozenset()
    sounding = ""
    for number in range(bars):
        measure = _put(part, "measure", number=str(number + 1))
        first = number * bar
        if number % BARS_PER_SYSTEM == 0 and number:
            _put(measure, "print", **{"new-system": "yes"})
        if number == 0:
            _attributes(measure, fifths, bar)
            _tempo(measure, timing, metronome=metronome)
        altered = dict.fromkeys(_LETTERS, 0) | _signature(fifths)
        shown: dict[tuple[str, int], int] = {}
        slices = written_slices(piece.melody, first, first + bar, bar)
        beams = _beams(slices, first, bar)
        for piece_of_bar, beam in zip(slices, beams, strict=True):
            at = [s for s in struck if piece_of_bar.start <= s < piece_of_bar.end]
            for step in sorted(at):
                sounding = struck[step]
                _harmony(measure, sounding, step - piece_of_bar.start)
            carried = _notes(
                measure, piece_of_bar, bar, sounding, fifths, (altered, shown), carried, beam
            )
        style = None
        if (first + bar) % piece.form.steps == 0:
            style = "light-light"
        if number + 1 == bars:
            style = "light-heavy"
        if style is not None:
            _put(_put(measure, "barline", location="right"), "bar-style", style)
    ElementTree.indent(root)
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC '
        '"-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
        '"http://www.musicxml.org/dtds/partwise.dtd">\n'
    )
    return (head + ElementTree.tostring(root, encoding="unicode") + "\n").encode()


def _put(
    parent: ElementTree.Element, tag: str, content: object = None, **attributes: str
) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, tag, attributes)
    if content is not None:
        child.text = str(content)
    return child


def _attributes(measure: ElementTree.Element, fifths: int, bar: int) -> None:
    attributes = _put(measure, "attributes")
    # Divisions of a quarter note in which a step is a whole number of them.
    _put(attributes, "divisions", bar)
    _put(_put(attributes, "key"), "fifths", fifths)
    time = _put(attributes, "time")
    _put(time, "beats", BEATS_PER_BAR)
    _put(time, "beat-type", 4)
    clef = _put(attributes, "clef")
    _put(clef, "sign", "G")
    _put(clef, "line", 2)


def _tempo(measure: ElementTree.Element, timing: Timing, *, metronome: bool) -> None:
    direction = _put(measure, "direction", placement="above")
    words = "Swing" if timing.swing > STRAIGHT else ""
    if not metronome:
        words = f"{words} ♩ = {timing.tempo:g}".strip()
    if words:
        _put(_put(direction, "direction-type"), "words", words, **{"font-weight": "bold"})
    if metronome:
        sign = _put(_put(direction, "direction-type"), "metronome")
        _put(sign, "beat-unit", "quarter")
        _put(sign, "per-minute", f"{timing.tempo:g}")
    _put(direction, "sound", tempo=f"{timing.tempo:g}")


def _signature(fifths: int) -> dict[str, int]:
    """The alterations of a key signature, by letter."""
    sharps = "FCGDAEB"
    if fifths >= 0:
        return dict.fromkeys(sharps[:fifths], 1)
    return dict.fromkeys(sharps[::-1][:-fifths], -1)


def _harmony(measure: ElementTree.Element, symbol: str, offset: int) -> None:
    parts = _parts(symbol)
    harmony = _put(measure, "harmony", placement="above")
    if parts is None:
        # Notes without a symbol: their names, on the first.
        _root(harmony, "root", symbol.split(".", maxsplit=1)[0])
        _put(harmony, "kind", "other", text=symbol)
    else:
        _root(harmony, "root", parts.root_name)
        kind, degrees = _KINDS[parts.quality]
        _put(harmony, "kind", kind, text=parts.quality)
        if parts.bass_name is not None:
            _root(harmony, "bass", parts.bass_name)
        for value, alter, how in degrees:
            # The kind's text shows them already.
            degree = _put(harmony, "degree", **{"print-object": "no"})
            _put(degree, "degree-value", value)
            _put(degree, "degree-alter", alter)
            _put(degree, "degree-type", how)
    if offset:
        # Divisions a quarter note are as many as steps a bar: a step is four of them.
        _put(harmony, "offset", offset * BEATS_PER_BAR)


def _root(harmony: ElementTree.Element, what: str, name: str) -> None:
    element = _put(harmony, what)
    _put(element, f"{what}-step", name[0])
    alter = {"": 0, "b": -1, "#": 1}[name[1:]]
    if alter:
        _put(element, f"{what}-alter", alter)


def _notes(
    measure: ElementTree.Element,
    here: Slice,
    bar: int,
    chord: str,
    fifths: int,
    accidentals: tuple[dict[str, int], dict[tuple[str, int], int]],
    carried: frozenset[int],
    beams: Sequence[str],
) -> frozenset[int]:
    """Writes a slice as notes or a rest; returns the pitches that are tied on."""
    signature, shown = accidentals
    length = here.end - here.start
    for place, pitch in enumerate(here.pitches or (None,)):
        note = _put(measure, "note")
        if place:
            _put(note, "chord")
        spelled = None
        if pitch is None:
            _put(note, "rest")
        else:
            spelled = spell(pitch, chord, fifths)
            element = _put(note, "pitch")
            _put(element, "step", spelled.letter)
            if spelled.alter:
                _put(element, "alter", spelled.alter)
            _put(element, "octave", spelled.octave)
        _put(note, "duration", length * BEATS_PER_BAR)
        ties = [
            kind
            for kind, holds in (("stop", pitch in carried), ("start", pitch in here.tied))
            if holds
        ]
        for kind in ties:
            _put(note, "tie", type=kind)
        _put(note, "voice", 1)
        kind, dots = _type(length, bar)
        if kind:
            _put(note, "type", kind)
            for _ in range(dots):
                _put(note, "dot")
        if spelled is not None:
            where = (spelled.letter, spelled.octave)
            if spelled.alter != shown.get(where, signature[spelled.letter]):
                if "stop" not in ties:
                    _put(note, "accidental", _ACCIDENTALS[spelled.alter])
                shown[where] = spelled.alter
        for level, beam in enumerate(beams if place == 0 else (), start=1):
            _put(note, "beam", beam, number=str(level))
        if ties:
            notations = _put(note, "notations")
            for kind in ties:
                _put(notations, "tied", type=kind)
    return here.tied


def _beams(slices: Sequence[Slice], first: int, bar: int) -> list[list[str]]:
    """For each slice of a bar its beams, outermost first: notes shorter than a beat that begin in
    the same beat are joined."""
    beat = bar // BEATS_PER_BAR or 1

    def levels(here: Slice) -> int:
        kind, _ = _type(here.end - here.start, bar)
        return max(0, list(_TYPES.values()).index(kind) - 2) if kind and here.pitches else 0

    counts = [levels(here) for here in slices]
    beats = [(here.start - first) // beat for here in slices]
    beams: list[list[str]] = []
    for place, count in enumerate(counts):
        before = counts[place - 1] if place and beats[place - 1] == beats[place] else 0
        after = 0
        if place + 1 < len(counts) and beats[place + 1] == beats[place]:
            after = counts[place + 1]
        names = []
        if before or after:
            for level in range(1, count + 1):
                left, right = level <= before, level <= after
                hook = "backward hook" if before else "forward hook"
                names.append(
                    "continue" if left and right else "end" if left else "begin" if right else hook
                )
        beams.append(names)
    return beams


def _type(length: int, bar: int) -> tuple[str, int]:
    """MusicXML's name of a length and its dots; empty for one that has none."""
    for share, name in _TYPES.items():
        if length * share == bar:
            return name, 0
        if length * share * 2 == bar * 3:
            return name, 1
    return "", 0


def write_musicxml(piece: Piece, path: Path, timing: Timing | None = None) -> None:
    """Writes a lead sheet that notation programs open."""
    write_safely(path, lambda file: file.write(to_musicxml(piece, timing)))
