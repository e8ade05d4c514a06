"""Pieces as sheet music (section 2.3: the report published its pieces as sheet music).

MusicXML is written here, as a lead sheet: one melody line with chord symbols above it.  The extra
`scores` engraves it, as SVG and PDF, with Verovio.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from lstm_blues.files import write_safely
from lstm_blues.music.chords import ACCIDENTALS
from lstm_blues.music.form import Form
from lstm_blues.music.piece import Piece
from lstm_blues.music.qualities import OF_SIGN
from lstm_blues.music.spelling import LETTERS, key_signature, spell, symbol_parts
from lstm_blues.music.timing import STRAIGHT, Timing
from lstm_blues.output.note_values import Slice, written_slices

BARS_PER_SYSTEM = 4

_ACCIDENTAL_NAMES = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}


def to_musicxml(
    piece: Piece, timing: Timing | None = None, *, metronome: bool = True, degrees: bool = True
) -> bytes:
    """The piece as a lead sheet in MusicXML 4.0.

    Title, tempo, metre, a double bar line after each chorus, four bars per system; chords alone are
    written over rests.  Without `metronome` the tempo is in words, for programs that lack the sign;
    without `degrees` chords are told by their text, for those that print degrees beside it.
    """
    timing = timing or Timing()
    form, fifths = piece.form, piece.fifths
    bar = form.steps_per_bar
    root = ElementTree.Element("score-partwise", version="4.0")
    _put(_put(root, "work"), "work-title", piece.title)
    _put(_put(root, "identification"), "creator", "lstm_blues", type="composer")
    part = _put(_put(root, "part-list"), "score-part", id="P1")
    _put(part, "part-name", "", **{"print-object": "no"})
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
            _attributes(measure, fifths, form, piece.written_above)
            _tempo(measure, timing, form, metronome=metronome)
        altered = dict.fromkeys(LETTERS, 0) | key_signature(fifths)
        shown: dict[tuple[str, int], int] = {}
        for piece_of_bar in written_slices(piece.melody, first, bar, form.time):
            at = [s for s in struck if piece_of_bar.start <= s < piece_of_bar.end]
            for step in sorted(at):
                sounding = struck[step]
                late = (step - piece_of_bar.start) * _divisions(form)
                _harmony(measure, sounding, late, degrees=degrees)
            carried = _notes(
                measure, piece_of_bar, form, sounding, fifths, (altered, shown), carried
            )
        style = None
        if (first + bar) % form.steps == 0:
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


def _divisions(form: Form) -> int:
    """Divisions in a step: of a quarter note there are so many that this is a whole number."""
    return form.time.quarters.numerator


def _attributes(
    measure: ElementTree.Element, fifths: int, form: Form, written_above: tuple[int, int]
) -> None:
    attributes = _put(measure, "attributes")
    _put(attributes, "divisions", form.steps_per_bar * form.time.quarters.denominator)
    _put(_put(attributes, "key"), "fifths", fifths)
    time = _put(attributes, "time")
    _put(time, "beats", form.time.numerator)
    _put(time, "beat-type", form.time.denominator)
    clef = _put(attributes, "clef")
    _put(clef, "sign", "G")
    _put(clef, "line", 2)
    semitones, letters = written_above
    if semitones or letters:
        transpose = _put(attributes, "transpose")
        _put(transpose, "diatonic", -letters)
        _put(transpose, "chromatic", -semitones)


def _tempo(measure: ElementTree.Element, timing: Timing, form: Form, *, metronome: bool) -> None:
    """The tempo in quarter notes, or in dotted ones where eighths come in threes."""
    direction = _put(measure, "direction", placement="above")
    dotted = not form.time.swings
    words = "Swing" if timing.swing > STRAIGHT and not dotted else ""
    beats = f"{timing.tempo / float(form.time.beat) if dotted else timing.tempo:g}"
    if not metronome:
        words = f"{words} ♩{'.' if dotted else ''} = {beats}".strip()
    if words:
        _put(_put(direction, "direction-type"), "words", words, **{"font-weight": "bold"})
    if metronome:
        sign = _put(_put(direction, "direction-type"), "metronome")
        _put(sign, "beat-unit", "quarter")
        if dotted:
            _put(sign, "beat-unit-dot")
        _put(sign, "per-minute", beats)
    _put(direction, "sound", tempo=f"{timing.tempo:g}")


def _harmony(measure: ElementTree.Element, symbol: str, offset: int, *, degrees: bool) -> None:
    parts = symbol_parts(symbol)
    harmony = _put(measure, "harmony", placement="above")
    if parts is None:
        # Notes without a symbol: their names, on the first.
        _root(harmony, "root", symbol.split(".", maxsplit=1)[0])
        _put(harmony, "kind", "other", text=symbol)
    else:
        _root(harmony, "root", parts.root_name)
        quality = OF_SIGN[parts.quality]
        _put(harmony, "kind", quality.kind, text=parts.quality)
        if parts.bass_name is not None:
            _root(harmony, "bass", parts.bass_name)
        for value, alter, how in quality.degrees if degrees else ():
            # The kind's text shows them already.
            degree = _put(harmony, "degree", **{"print-object": "no"})
            _put(degree, "degree-value", value)
            _put(degree, "degree-alter", alter)
            _put(degree, "degree-type", how)
    if offset:
        _put(harmony, "offset", offset)


def _root(harmony: ElementTree.Element, what: str, name: str) -> None:
    element = _put(harmony, what)
    _put(element, f"{what}-step", name[0])
    alter = ACCIDENTALS[name[1:]]
    if alter:
        _put(element, f"{what}-alter", alter)


def _notes(
    measure: ElementTree.Element,
    here: Slice,
    form: Form,
    chord: str,
    fifths: int,
    accidentals: tuple[dict[str, int], dict[tuple[str, int], int]],
    carried: frozenset[int],
) -> frozenset[int]:
    """Writes a slice as notes or a rest; returns the pitches that are tied on."""
    signature, shown = accidentals
    value = here.value
    for place, pitch in enumerate(here.pitches or (None,)):
        note = _put(measure, "note")
        if place:
            _put(note, "chord")
        spelled = None
        if pitch is None:
            # A rest without a type fills its bar, whatever the metre.
            _put(note, "rest", **({} if value.type else {"measure": "yes"}))
        else:
            spelled = spell(pitch, chord, fifths)
            element = _put(note, "pitch")
            _put(element, "step", spelled.letter)
            if spelled.alter:
                _put(element, "alter", spelled.alter)
            _put(element, "octave", spelled.octave)
        _put(note, "duration", (here.end - here.start) * _divisions(form))
        ties = [
            kind
            for kind, holds in (("stop", pitch in carried), ("start", pitch in here.tied))
            if holds
        ]
        for kind in ties:
            _put(note, "tie", type=kind)
        _put(note, "voice", 1)
        if value.type:
            _put(note, "type", value.type)
            for _ in range(value.dots):
                _put(note, "dot")
        if spelled is not None:
            where = (spelled.letter, spelled.octave)
            if spelled.alter != shown.get(where, signature[spelled.letter]):
                if "stop" not in ties:
                    _put(note, "accidental", _ACCIDENTAL_NAMES[spelled.alter])
                shown[where] = spelled.alter
        if value.actual != value.normal:
            ratio = _put(note, "time-modification")
            _put(ratio, "actual-notes", value.actual)
            _put(ratio, "normal-notes", value.normal)
        for level, beam in enumerate(here.beams if place == 0 else (), start=1):
            _put(note, "beam", beam, number=str(level))
        edge = here.edge if place == 0 else ""
        notations = _put(note, "notations") if ties or edge else note
        for kind in ties:
            _put(notations, "tied", type=kind)
        if edge:
            bracket = {"bracket": "yes" if here.bracket else "no"} if edge == "start" else {}
            _put(notations, "tuplet", type=edge, **bracket)
    return here.tied


def write_musicxml(piece: Piece, path: Path, timing: Timing | None = None) -> None:
    """Writes a lead sheet that notation programs open, see `to_musicxml`."""
    write_safely(path, lambda file: file.write(to_musicxml(piece, timing)))
