"""ABC, the notation of most folk tunes on the net: bars from its text.

Read here and not by music21, which drops chord symbols such as `Gd` and takes `D/f+` for an
augmented chord.  What a lead sheet needs is read: notes, rests, chords, ties, tuplets, broken
rhythm, accidentals, bars, repeats, endings, voices, overlays and changes of key, metre and unit;
the rest is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from lstm_blues.music.chords import NATURALS
from lstm_blues.music.reading.abc_fields import key_of, title_of, unit_of
from lstm_blues.music.reading.abc_tokens import IN_CHORD, TOKEN, is_jump, size_of
from lstm_blues.music.reading.abc_voice import Voice
from lstm_blues.music.reading.symbols import is_no_chord, looks_like_symbol
from lstm_blues.music.reading.time_signatures import plain_metre, quarters_of
from lstm_blues.music.reading.written import WrittenBar

_FIELDS = "HIKLMNOPQRSTUVWmrsuvw"
"""Letters of fields among the music; others with a colon are notes before a bar line."""


class AbcTune(NamedTuple):
    """A tune: its title, key and bars, and what was decided in reading."""

    title: str
    key: str | None
    bars: list[WrittenBar]
    remarks: list[str]


def read_abc(tune: str) -> AbcTune:
    """The bars of one tune; the first voice is the melody."""
    reader = _Reader()
    music = False
    for line in tune.splitlines():
        bare = re.sub(r"(?<!\\)%.*", "", line).rstrip()
        head = re.match(r"([A-Za-z]):(.*)", bare)
        if head and not (music and head[1] not in _FIELDS):
            reader.field(head[1], head[2].strip(), music)
            music = music or head[1] == "K"
        elif music:
            reader.music(bare.removesuffix("\\"))
    return AbcTune(title_of(tune), reader.key_name, reader.finish(), reader.remarks())


class _Reader:
    """Reads the lines of a tune, one after the other."""

    def __init__(self) -> None:
        self.metre, self.unit = "", Fraction(0)
        self.unfollowed: list[str] = []
        self.key: dict[str, int] = {}
        self.key_name: str | None = None
        self.voices: dict[str, Voice] = {}
        self.voice = self._voice("")

    def _voice(self, name: str) -> Voice:
        if name and list(self.voices) == [""] and not self.voices[""].bars:
            self.voices = {name: self.voices[""]}
        return self.voices.setdefault(name, Voice())

    def field(self, letter: str, value: str, music: bool) -> None:
        """A field of the header, or among the music."""
        if letter == "M":
            self.metre = plain_metre(value)
        elif letter == "L":
            self.unit = unit_of(value)
        elif letter == "K":
            self.key, name = key_of(value)
            self.key_name = self.key_name or name
        elif letter == "V":
            self.voice = self._voice(value.split(maxsplit=1)[0] if value.split() else "")
        elif letter == "P" and music:
            self.voice.section = True
        elif letter == "P" and re.search(r"([A-Z]).*\1|\d", value):
            self.unfollowed.append(f"the order of its parts, P:{value}, is not followed")

    @property
    def _quarter_unit(self) -> Fraction:
        if self.unit:
            return self.unit
        return Fraction(1, 4) if 0 < quarters_of(self.metre) < 3 else Fraction(1, 2)

    def remarks(self) -> list[str]:
        """What was decided, each a sentence for the user."""
        told = [] if self.metre else ["no metre is given (M:), so 4/4 is taken"]
        return [*told, *dict.fromkeys(self.unfollowed)]

    def music(self, line: str) -> None:
        """A line of notes."""
        at = 0
        while at < len(line):
            token = TOKEN.match(line, at)
            if token is None:
                at += 1  # slurs, decorations, spaces
                continue
            at = token.end()
            self._token(token)

    def _token(self, token: re.Match[str]) -> None:
        voice = self.voice
        if token["text"] is not None:
            self._text(token["text"])
        elif token["skip"]:
            self._jump(token["skip"].strip("!+"))
        elif token["field"]:
            self.field(token["field"], token["value"].strip(), True)
        elif token["bar"]:
            self.voice.bar_line(token["bar"])
            if token["number"]:
                self.voice.ending(token["number"])
        elif token["ending"]:
            self.voice.bar_line("")
            self.voice.ending(token["ending"])
        elif token["p"]:
            p = int(token["p"])
            usual = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
            compound = self.metre.endswith("/8") and self.metre not in ("2/8", "3/8", "4/8")
            q = int(token["q"] or usual.get(p, 3 if compound else 2))
            voice.tuplet = (Fraction(q, p), int(token["r"] or p))
        elif token["letter"]:
            pitch = self._pitch(token)
            self._sound([(pitch, False)], size_of(token["size"]))
        elif token["chord"] is not None:
            notes = [
                (self._pitch(note), bool(note["tie"])) for note in IN_CHORD.finditer(token["chord"])
            ]
            inner = IN_CHORD.search(token["chord"])
            size = size_of(token["chordsize"]) * (size_of(inner["size"]) if inner else 1)
            if notes:
                self._sound(notes, size)
        elif token["rest"]:
            size = size_of(token["restsize"])
            if token["rest"] in "ZX":
                for _ in range(max(1, int(size))):
                    bar = self._open()
                    voice.now = bar.length = bar.quarters
                    self.voice.bar_line("|")
            else:
                self._sound([], size)
        elif token["broken"]:
            voice.break_rhythm(self._open(), token["broken"])
        elif token["tie"]:
            voice.tie()
        elif token["overlay"]:
            voice.overlay()

    def _text(self, text: str) -> None:
        """A text in quotation marks: a chord symbol, or words, as a sign before them may tell."""
        if text[:1] in ("^", "_", "<", ">", "@"):
            self._jump(text[1:])
        elif is_no_chord(text) or looks_like_symbol(text):
            self._open().symbols.append((self.voice.now, text))
        elif not self._jump(text) and text.strip():
            self._open().words.append(text)

    def _jump(self, text: str) -> bool:
        """Whether a text asks for a jump, which is then told."""
        found = is_jump(text)
        if found:
            self.unfollowed.append(f"the jump {text.strip()!r} is not followed")
        return found

    def _open(self) -> WrittenBar:
        return self.voice.open(self.metre or "4/4")

    def _pitch(self, note: re.Match[str]) -> int:
        letter = note["letter"]
        name = letter.upper()
        self._open()
        if note["acc"]:
            sign = {"^": 1, "_": -1, "=": 0}[note["acc"][0]]
            self.voice.altered[name] = sign * len(note["acc"])
        alter = self.voice.altered.get(name, self.key.get(name, 0))
        if not note["acc"] and not self.voice.now:
            alter = self.voice.tied.get(name, alter)
        self.voice.written[name] = alter
        octave = 5 + int(letter.islower()) + note["octave"].count("'") - note["octave"].count(",")
        return 12 * octave + NATURALS[name] + alter

    def _sound(self, notes: Sequence[tuple[int, bool]], size: Fraction) -> None:
        self.voice.sound(self._open(), notes, size * self._quarter_unit)

    def finish(self) -> list[WrittenBar]:
        """The bars of the first voice, with the notes of the others beside them."""
        every = list(self.voices.values())
        for self.voice in every:
            self.voice.bar_line("|")
        first = next((voice.bars for voice in every if voice.bars), [])
        for voice in every:
            if voice.bars is not first:
                for bar, other in zip(first, voice.bars, strict=False):
                    bar.others += [*other.notes, *other.others]
                    bar.symbols += other.symbols
                    bar.words += other.words
        return first
