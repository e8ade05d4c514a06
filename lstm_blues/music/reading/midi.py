"""MIDI files: notes, time signature, key and chord names from their tracks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import mido

from lstm_blues.errors import BluesError
from lstm_blues.music.chords import OCTAVE
from lstm_blues.music.metre import Metre
from lstm_blues.music.reading.changes import Placed, changes_of, passed_over
from lstm_blues.music.reading.harmony import CHORD_NOTES, symbol_of
from lstm_blues.music.reading.midi_texts import Texts, chord_texts
from lstm_blues.music.reading.parts import Part, melody_and_harmony
from lstm_blues.music.reading.score import Score, Tone
from lstm_blues.music.reading.symbols import is_no_chord
from lstm_blues.music.reading.time_signatures import MetreError, quarters_of, require_metre
from lstm_blues.music.reading.written import ZERO

_DRUMS = 9
_TEXTS = ("text", "lyrics", "marker", "cue_marker")

_EARLY = Fraction(1, 8)
"""Quarter notes by which a chord may begin before its bar."""


@dataclass
class _Tracks:
    """What the tracks of a file hold, with times in quarter notes."""

    parts: dict[tuple[int, int], Part] = field(default_factory=dict)
    texts: dict[tuple[int, str], Texts] = field(default_factory=dict)
    metres: list[tuple[Fraction, str]] = field(default_factory=list)
    key: str | None = None


def read_midi(
    file: str,
    melody_track: str | None = None,
    chord_track: str | None = None,
    *,
    symbols: bool = True,
) -> Score:
    """A MIDI file as a score.

    Chords are texts, lyrics or markers that are chord symbols, or else the notes beside the melody.

    Args:
        file: its path.
        melody_track, chord_track: the tracks' names; None: see `parts.melody_and_harmony`.
        symbols: whether texts are read as chords; else they only tell where bars begin.

    Raises:
        BluesError: the file cannot be read, has no notes, a chord symbol that is not known, or
            changes its time signature.
    """
    try:
        midi = mido.MidiFile(file, clip=True)
    except OSError as error:
        why = error.strerror or "it is no MIDI file, or cut short"
        raise BluesError(f"{file!r} cannot be read as MIDI: {why}.") from None
    except Exception:  # the reader raises whatever it stumbles over
        raise BluesError(f"{file!r} cannot be read as MIDI: it is damaged or cut short.") from None
    _require_ticks(midi, file)
    tracks = _tracks(midi)
    parts = [part for part in tracks.parts.values() if part.tones]
    if not parts:
        raise BluesError(f"{file!r} has no notes.")
    melody, harmony = melody_and_harmony(parts, file, melody_track, chord_track)
    texts, words = chord_texts(tracks.texts)
    named = [start for start, text in texts if not is_no_chord(text)]
    struck = named or _changes_of(harmony)
    metre, origin = _metre_and_origin(tracks.metres, file, struck, [*melody, *harmony])
    full = Metre(metre).quarters

    def moved(tones: Iterable[Tone]) -> tuple[Tone, ...]:
        return tuple(Tone(t.pitch, t.start - origin, t.end - origin) for t in tones)

    def bar(start: Fraction) -> int:
        return int((start - origin) // full) + 1

    placed = [Placed(text, start - origin, bar(start)) for start, text in texts]
    changes, told = changes_of(placed, file) if symbols else ([], [])
    told += passed_over([(text, bar(start)) for start, text in words])
    return Score(
        file,
        Path(file).stem,
        metre,
        tracks.key,
        moved(melody),
        tuple(changes),
        moved(harmony),
        moved(tone for part in parts for tone in part.tones),
        tuple(told),
        max((bar(start + _EARLY) for start in named), default=0) * full,
    )


def _require_ticks(midi: mido.MidiFile, file: str) -> None:
    if midi.ticks_per_beat < 0:
        raise BluesError(
            f"{file!r} counts time in seconds (SMPTE frames), but must count it in quarter notes."
        )
    if midi.ticks_per_beat == 0:
        raise BluesError(f"{file!r} has 0 ticks per quarter note, but must have at least 1.")


def _tracks(midi: mido.MidiFile) -> _Tracks:
    found = _Tracks()
    for number, track in enumerate(midi.tracks):
        ticks, name = 0, ""
        open_at: dict[tuple[int, int], list[Fraction]] = {}
        for message in track:
            ticks += message.time
            now = Fraction(ticks, midi.ticks_per_beat)
            if message.type == "track_name":
                name = message.name.strip("\0 \n")
            elif message.type == "time_signature":
                found.metres.append((now, f"{message.numerator}/{message.denominator}"))
            elif message.type == "key_signature":
                found.key = found.key or _key(message.key)
            elif message.type in _TEXTS:
                text = message.name if message.type == "cue_marker" else message.text
                found.texts.setdefault((number, message.type), []).append((now, text.strip()))
            elif message.type in ("note_on", "note_off") and message.channel != _DRUMS:
                place = (message.channel, message.note)
                if message.type == "note_on" and message.velocity:
                    open_at.setdefault(place, []).append(now)
                elif open_at.get(place):
                    start = open_at[place].pop()
                    part = found.parts.setdefault((number, message.channel), Part(name))
                    part.name = part.name or name
                    if now > start:
                        part.tones.append(Tone(message.note, start, now))
    for part in found.parts.values():
        part.tones.sort(key=lambda tone: (tone.start, tone.pitch))
    return found


def _key(key: str) -> str:
    return f"{key[:-1]} minor" if key.endswith("m") else f"{key} major"


def _changes_of(harmony: Sequence[Tone]) -> list[Fraction]:
    """Where the accompaniment's notes are no longer of the chord before; at the bass that stands
    before its chord, where there is one."""
    struck: dict[Fraction, set[int]] = {}
    for tone in harmony:
        struck.setdefault(tone.start, set()).add(tone.pitch % OCTAVE)
    chord: set[int] = set()
    bass: tuple[Fraction, int] | None = None
    changes: list[Fraction] = []
    for start, notes in sorted(struck.items()):
        if not notes <= chord:
            joined = chord | notes
            if 0 < len(chord) < CHORD_NOTES and symbol_of(joined) is not None:
                chord = joined
            else:
                before = bass is not None and bass[1] in notes
                changes.append(bass[0] if bass is not None and before else start)
                chord = notes
        bass = (start, min(notes)) if len(notes) == 1 else None
    return sorted(set(changes))


def _metre_and_origin(
    metres: Sequence[tuple[Fraction, str]],
    file: str,
    chords: Sequence[Fraction],
    tones: Sequence[Tone],
) -> tuple[str, Fraction]:
    """The time signature, and when the first whole bar begins.

    A pickup is told by a short first bar with a time signature of its own; by chords that begin
    together with bars only where the file's bar lines are moved; or by rests that fill up its bar.
    """
    first = min(tone.start for tone in tones)
    kept: list[tuple[Fraction, str]] = []
    for start, metre in sorted(metres, key=lambda pair: pair[0]):
        if kept and kept[-1][0] == start:
            kept.pop()
        if not kept or kept[-1][1] != metre:
            kept.append((start, metre))
    origin = ZERO
    last = max(tone.end for tone in tones)
    kept = [pair for pair in kept if pair[0] < last] or [(ZERO, "4/4")]
    if len(kept) > 1 and quarters_of(kept[0][1]) >= kept[1][0] - kept[0][0] < quarters_of(
        kept[1][1]
    ):
        origin = kept[1][0]
        kept = kept[1:]
    require_metre(kept[0][1], file)
    if len(kept) > 1:
        start, metre = kept[1]
        number = int((start - origin) // quarters_of(kept[0][1])) + 1
        raise MetreError(
            f"{file!r} changes its time signature from {kept[0][1]} to {metre} in bar {number}, "
            "but a form has one."
        )
    metre = kept[0][1]
    bar = Metre(metre).quarters
    if origin == ZERO and len(chords) > 3:
        origin = _phase(chords, bar)
    if first >= origin:
        origin += (first - origin) // bar * bar
        if not chords and first - origin >= bar / 2:
            origin += bar
    return metre, origin


def _phase(chords: Sequence[Fraction], bar: Fraction) -> Fraction:
    """Where in the file's bars chords change most often: 0, unless the first chord's place, as a
    pickup mostly has none, is better, or another is far better."""

    def hits(phase: Fraction) -> int:
        return sum(1 for start in chords if min((start - phase) % bar, (phase - start) % bar) < 0.1)

    first = min(chords) % bar
    if hits(first) > hits(ZERO):
        return first
    half = Fraction(1, 2)
    best = max((n * half for n in range(int(bar / half))), key=lambda phase: (hits(phase), -phase))
    clear = hits(best) > 1.5 * hits(ZERO) + 1 and hits(best) >= 0.4 * len(chords)
    return best if clear else ZERO
