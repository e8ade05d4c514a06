"""Whatever is written reads back: numbers of songs, encodings, bar libraries, MIDI, MusicXML."""

import io
import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from xml.etree import ElementTree

import pretty_midi
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from support import require_room

from lstm_blues.errors import BluesError
from lstm_blues.music.bars import BarLibrary, SegmentNote, read_segment
from lstm_blues.music.chords import NOTE_NAMES, note_name
from lstm_blues.music.encoding import HELD, Encoding
from lstm_blues.music.form import Form
from lstm_blues.music.metre import METRES
from lstm_blues.music.piece import Note, Piece
from lstm_blues.music.qualities import OF_SIGN
from lstm_blues.music.songs import BluesSongs
from lstm_blues.music.timing import Timing
from lstm_blues.output.midi import midi_file
from lstm_blues.output.musicxml import to_musicxml

STEPS_PER_BAR = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 18, 20, 24, 32)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=14), st.data())
def test_a_song_is_its_choices_and_its_number(choices: list[int], data: st.DataObject) -> None:
    bars = tuple(tuple((note_name(60 + n),) for n in range(count)) for count in choices)
    songs = BluesSongs(Form("form", ("C",) * len(bars), len(bars)), BarLibrary("bars", (), bars))
    song = data.draw(st.integers(0, math.prod(choices) - 1))
    picked = songs.choices(song)
    assert all(0 <= pick < count for pick, count in zip(picked, choices, strict=True))
    assert songs.number(picked) == song
    other = tuple(data.draw(st.integers(0, count - 1)) for count in choices)
    assert songs.choices(songs.number(other)) == other


Line = list[tuple[int | None, int]]
"""One voice: the melody's unit, or None for a rest, and a number of steps."""


def lines(*, shortest: int = 1, rests: bool = True) -> st.SearchStrategy[Line]:
    unit = st.integers(0, 13 - 1)
    either = st.none() | unit if rests else unit
    return st.lists(st.tuples(either, st.integers(shortest, 20)), min_size=1, max_size=12)


@st.composite
def encoded_lines(draw: st.DrawFn) -> tuple[Encoding, Line, torch.Tensor]:
    """A line and its units by any encoding that can tell it; shape (steps, melody units)."""
    encoding = Encoding(held=draw(st.sampled_from(HELD)), rests=draw(st.booleans()))
    marks_ends = encoding.held == "endings"
    # The mark of a note's end is a step of its own, which rests without a unit would hide.
    rests = encoding.rests or not marks_ends
    line = draw(lines(shortest=2, rests=rests) if marks_ends else lines())
    melody = torch.tensor([rest_or(unit, encoding) for unit, steps in line for _ in range(steps)])
    begins = torch.tensor([n == 0 for _, steps in line for n in range(steps)])
    silent = torch.tensor([unit is None for unit, steps in line for _ in range(steps)])
    units = encoding.encode_melody(melody, begins, 13)
    if not encoding.rests:
        units[silent] = 0.0
    return encoding, line, units


def rest_or(unit: int | None, encoding: Encoding) -> int:
    """A note's unit, or the one of a rest; any where rests have none."""
    return unit if unit is not None else 13 * encoding.rests


def notes_of(line: Line, encoding: Encoding, lowest: int) -> list[Note]:
    """The notes of a line, of which neighbours are one where no mark tells them apart."""
    notes: list[Note] = []
    at = 0
    for unit, steps in line:
        if unit is not None:
            note = Note(lowest + unit, at, at + steps)
            last = notes[-1] if notes else None
            together = last is not None and (last.pitch, last.end) == (note.pitch, note.start)
            if last is not None and together and encoding.held == "unmarked":
                notes[-1] = last._replace(end=note.end)
            else:
                notes.append(note)
        at += steps
    return notes


@given(encoded_lines())
def test_a_melody_is_decoded_as_it_was_encoded(
    case: tuple[Encoding, Line, torch.Tensor],
) -> None:
    encoding, line, units = case
    assume(encoding.rests or all(unit is not None for unit, _ in line))
    assert units.shape[1] == encoding.melody_units(13)
    melody, begins = encoding.decode_melody(torch.cat((torch.zeros(len(units), 12), units), 1))
    notes = notes_of(line, encoding, 0)
    assert melody.tolist() == [rest_or(unit, encoding) for unit, n in line for _ in range(n)]
    assert begins.nonzero().flatten().tolist() == [n.start for n in notes]


@st.composite
def forms(draw: st.DrawFn, steps_per_bar: int) -> Form:
    def symbol() -> str:
        return draw(st.sampled_from(NOTE_NAMES)) + draw(st.sampled_from(list(OF_SIGN)))

    several = [n for n in (1, 2, 4) if steps_per_bar % n == 0]
    bars = tuple(
        " ".join(symbol() for _ in range(draw(st.sampled_from(several))))
        for _ in range(draw(st.integers(1, 3)))
    )
    lowest = (draw(st.integers(24, 60)), draw(st.integers(36, 84)))
    return Form("f", bars, len(bars), steps_per_bar, *lowest, draw(st.sampled_from(METRES)))


@st.composite
def pieces(draw: st.DrawFn) -> tuple[Piece, list[Note]]:
    """A piece of one line over any chords, which may break off within a bar, and its notes."""
    encoding, line, units = draw(encoded_lines())
    form = draw(forms(draw(st.sampled_from(STEPS_PER_BAR))))
    chords = form.chord_tensor()[torch.arange(len(units)) % form.steps]
    notes = notes_of(line, encoding, form.lowest_melody_note)
    return Piece(torch.cat((chords, units), 1), form, encoding), notes


@st.composite
def crowds(draw: st.DrawFn) -> Piece:
    """A piece in which any notes sound at any step."""
    form = draw(forms(draw(st.sampled_from(STEPS_PER_BAR))))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    share, steps = draw(st.floats(0, 0.5)), draw(st.integers(1, 40))
    return Piece((torch.rand(steps, 25, generator=generator) < share).double(), form)


@given(pieces())
def test_a_piece_has_the_notes_of_its_line(case: tuple[Piece, list[Note]]) -> None:
    piece, notes = case
    assert piece.melody == notes


timings = st.builds(Timing, st.floats(30, 300), st.floats(0.5, 0.8))


def midi_notes(piece: Piece, timing: Timing, track: str) -> list[tuple[int, float, float]]:
    """A track as pretty_midi reads it: pitches, and seconds from start to end.

    No note is checked to begin while it sounds.
    """
    buffer, file = io.BytesIO(), midi_file(piece, timing)
    for messages in file.tracks:
        require_room(messages)
    file.save(file=buffer)
    midi = pretty_midi.PrettyMIDI(io.BytesIO(buffer.getvalue()))
    found = [note for part in midi.instruments if part.name == track for note in part.notes]
    return sorted((note.pitch, note.start, note.end) for note in found)


def assert_midi(piece: Piece, timing: Timing) -> None:
    chords = [(pitch, c.start, c.end) for c in piece.chords for pitch in c.pitches]
    for track, notes in (("chords", chords), ("melody", [tuple(n) for n in piece.melody])):
        read, bar = midi_notes(piece, timing, track), piece.form.steps_per_bar
        written = sorted(
            (pitch, *(timing.seconds(step, bar, piece.form.time) for step in ends))
            for pitch, *ends in notes
        )
        # A tick is 1/480 of a quarter note, and the tempo a whole number of microseconds.
        tick = 60 / timing.tempo / 480
        assert [note[0] for note in read] == [note[0] for note in written]
        for ours, truth in zip(read, written, strict=True):
            assert ours[1:] == pytest.approx(truth[1:], abs=tick, rel=1e-5)


@given(pieces(), timings)
def test_a_midi_file_reads_back(case: tuple[Piece, list[Note]], timing: Timing) -> None:
    assert_midi(case[0], timing)


@given(crowds(), timings)
def test_a_midi_file_of_any_notes_reads_back(piece: Piece, timing: Timing) -> None:
    assert_midi(piece, timing)


TYPES = ("whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th", "256th")

NATURAL = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def read_musicxml(piece: Piece) -> tuple[list[Note], list[int]]:
    """The melody with its ties joined, and where chord symbols stand, in steps.

    Bars are checked to be filled exactly, ties to lead to a note of the same pitch, and written
    lengths to be those that sound, in tuplets that are whole.
    """
    root = ElementTree.fromstring(to_musicxml(piece))
    divisions = int(root.findtext("part/measure/attributes/divisions") or 0)
    bar, size = divisions * piece.form.time.quarters, piece.form.steps_per_bar
    assert bar.denominator == 1
    in_tuplet = False
    notes: list[tuple[int, int, int]] = []
    open_ties: dict[int, int] = {}
    symbols: list[int] = []

    def steps(time: int) -> int:
        assert time * size % bar == 0
        return int(time * size / bar)

    for number, measure in enumerate(root.findall("part/measure")):
        at = last = 0
        for element in measure:
            if element.tag == "harmony":
                offset = int(element.findtext("offset") or 0)
                symbols.append(steps(number * bar + at + offset))
            if element.tag != "note":
                continue
            duration = int(element.findtext("duration") or 0)
            kind = element.findtext("type")
            if kind is not None:
                written = Fraction(4, 2 ** TYPES.index(kind)) * divisions
                written *= Fraction(3, 2) ** len(element.findall("dot"))
                written *= Fraction(element.findtext("time-modification/normal-notes") or 1)
                written /= Fraction(element.findtext("time-modification/actual-notes") or 1)
                assert written == duration
            edge = [tuplet.get("type") for tuplet in element.findall("notations/tuplet")]
            assert edge in ([], ["stop"] if in_tuplet else ["start"])
            in_tuplet = in_tuplet != bool(edge)
            if element.find("chord") is None:
                modified = element.find("time-modification") is not None
                assert modified == (in_tuplet or edge == ["stop"])
            if element.find("chord") is None:
                last, at = at, at + duration
            pitch = element.find("pitch")
            if pitch is not None:
                midi = 12 * (int(pitch.findtext("octave") or 0) + 1)
                midi += NATURAL[pitch.findtext("step") or ""] + int(pitch.findtext("alter") or 0)
                ties = {tie.get("type") for tie in element.findall("tie")}
                begin = number * bar + last
                if "stop" in ties:
                    begin = open_ties.pop(midi)
                if "start" in ties:
                    open_ties[midi] = begin
                else:
                    notes.append((midi, steps(begin), steps(number * bar + at)))
        assert at == bar, f"bar {number + 1} lasts {at} of {bar}"
        assert not in_tuplet
    assert not open_ties
    return sorted((Note(*note) for note in notes), key=lambda n: (n.start, n.pitch)), symbols


def assert_musicxml(piece: Piece) -> None:
    notes, symbols = read_musicxml(piece)
    assert notes == piece.melody
    assert symbols == [chord.start for chord in piece.chords]


@given(pieces())
def test_a_lead_sheet_reads_back_and_fills_its_bars(case: tuple[Piece, list[Note]]) -> None:
    assert_musicxml(case[0])


@given(crowds())
def test_a_lead_sheet_of_any_notes_reads_back_and_fills_its_bars(piece: Piece) -> None:
    assert_musicxml(piece)


@st.composite
def segments(draw: st.DrawFn) -> tuple[list[str], list[SegmentNote], int]:
    """A segment as it is written, its notes, and the steps of its bar."""
    bar = draw(st.integers(1, 64))
    cuts = sorted(draw(st.sets(st.integers(1, bar), max_size=8)) | {0, bar})
    notes = [
        SegmentNote(draw(st.none() | st.integers(60, 72)), end - start)
        for start, end in pairwise(cuts)
    ]
    if notes[0].pitch is not None and draw(st.booleans()):
        notes[0] = notes[0]._replace(tied=True)
    written = [
        "~" * tied + ("r" if pitch is None else note_name(pitch)) + f":{Fraction(steps, bar)}"
        for pitch, steps, tied in notes
    ]
    if len({note.steps for note in notes}) == 1 and draw(st.booleans()):
        written = [name.split(":")[0] for name in written]
    return written, notes, bar


@given(segments())
def test_a_segment_fills_its_bar(case: tuple[list[str], list[SegmentNote], int]) -> None:
    written, notes, bar = case
    assert read_segment(written, bar) == notes
    library = BarLibrary("l", (), ((tuple(written),),))
    form = Form("f", ("C",), 1, bar)
    rests = any(note.pitch is None for note in notes)
    assert library.rests == rests
    (units,), (begins,) = library.units(form), library.begins(form)
    assert units.tolist() == [
        [13 if note.pitch is None else note.pitch - 60 for note in notes for _ in range(note.steps)]
    ]
    assert int(begins.sum()) == len(notes) - notes[0].tied
    for held in HELD:
        encoding = Encoding(held=held, rests=rests)
        shortest = min((note.steps for note in notes if note.pitch is not None), default=2)
        if held == "endings" and (shortest < 2 or notes[0].tied):
            with pytest.raises(BluesError, match=r"bar 1, segment 1 of bars\.bars"):
                library.require_fitting(form, encoding)
            continue
        library.require_fitting(form, encoding)
        (encoded,) = library.encoded(form, encoding)
        assert encoded.shape == (1, bar, encoding.melody_units(13))
        if rests:
            with pytest.raises(BluesError, match=r"has a rest, but encoding\.rests is false"):
                library.require_fitting(form, Encoding(held=held))


written_notes = st.text("ABCDEFGHr~#b0123456789:/-. e", max_size=10) | st.builds(
    "{}:{}".format,
    st.sampled_from(("C4", "~Eb4", "F#4", "r")),
    st.fractions(0, 1, max_denominator=9),
)


@given(st.lists(written_notes, max_size=5), st.integers(1, 16))
def test_any_segment_fills_its_bar_or_is_an_error(segment: Sequence[str], bar: int) -> None:
    try:
        notes = read_segment(segment, bar)
    except BluesError:
        return
    assert sum(note.steps for note in notes) == bar
    assert all(note.steps >= 1 for note in notes)
    assert not any(note.tied for note in notes[1:])
