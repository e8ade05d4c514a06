"""ABC, the notation of most folk tunes on the net: bars from its text.

Read here and not by music21, which drops chord symbols such as `Gd` and takes `D/f+` for an
augmented chord.  What a lead sheet needs is read: notes, rests, chords, ties, tuplets, broken
rhythm, accidentals, bars, repeats, endings, voices and changes of key, metre and unit; the rest is
passed over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from lstm_blues.music.chords import NATURALS
from lstm_blues.music.reading.abc_fields import key_of, metre_of, title_of, unit_of
from lstm_blues.music.reading.written import ZERO, WrittenBar, WrittenNote

_NOTE = r"(?P<acc>\^{1,2}|_{1,2}|=)?(?P<letter>[A-Ga-g])(?P<octave>[,']*)"
_TOKEN = re.compile(
    r'"(?P<text>[^"]*)"|(?P<skip>![^!\n]*!|\+[a-z()<>.]+\+|\{[^}]*\})'
    r"|\[(?P<field>[A-Za-z]):(?P<value>[^\]]*)\]"
    r"|\[\s*(?P<ending>\d[\d,\-]*)"
    r"|(?P<bar>:*\|+[\]:]*|\[\||::+|:?\|\])\s*(?P<number>\d[\d,\-]*)?"
    r"|\((?P<p>\d)(?::(?P<q>\d*))?(?::(?P<r>\d*))?"
    rf"|{_NOTE}(?P<size>\d*(?:/+\d*)?)"
    r"|(?P<rest>[zxZX])(?P<restsize>\d*(?:/+\d*)?)"
    r"|\[(?P<chord>[^\]|:]*)\](?P<chordsize>\d*(?:/+\d*)?)"
    r"|(?P<broken><+|>+)|(?P<tie>-)"
)
_IN_CHORD = re.compile(_NOTE + r"(?P<size>\d*(?:/+\d*)?)(?P<tie>-?)")


class AbcTune(NamedTuple):
    """A tune: its title, key and bars."""

    title: str
    key: str | None
    bars: list[WrittenBar]


def read_abc(tune: str) -> AbcTune:
    """The bars of one tune; the first voice is the melody."""
    reader = _Reader()
    music = False
    for line in tune.splitlines():
        bare = re.sub(r"(?<!\\)%.*", "", line).rstrip()
        head = re.match(r"([A-Za-z]):(.*)", bare)
        if head and not (music and head[1] not in "KMLPVQTw"):
            reader.field(head[1], head[2].strip(), music)
            music = music or head[1] == "K"
        elif music:
            reader.music(bare.removesuffix("\\"))
    return AbcTune(title_of(tune), reader.key_name, reader.finish())


@dataclass
class _Voice:
    """What is being read of one voice."""

    bars: list[WrittenBar] = field(default_factory=list)
    bar: WrittenBar | None = None
    now: Fraction = ZERO
    altered: dict[str, int] = field(default_factory=dict)
    endings: frozenset[int] = frozenset()
    section: bool = False
    opens: bool = False
    tuplet: tuple[Fraction, int] = (Fraction(1), 0)
    broken: Fraction = Fraction(1)
    last: int = 0  # how many notes the last one or chord wrote
    written: dict[str, int] = field(default_factory=dict)  # their alterations, by letter
    tied: dict[str, int] = field(default_factory=dict)  # those that a tie carries over a bar line


class _Reader:
    """Reads the lines of a tune, one after the other."""

    def __init__(self) -> None:
        self.metre, self.unit = "4/4", Fraction(0)
        self.key: dict[str, int] = {}
        self.key_name: str | None = None
        self.voices: dict[str, _Voice] = {}
        self.voice = self._voice("")

    def _voice(self, name: str) -> _Voice:
        if name and list(self.voices) == [""] and not self.voices[""].bars:
            self.voices = {name: self.voices[""]}
        return self.voices.setdefault(name, _Voice())

    def field(self, letter: str, value: str, music: bool) -> None:
        """A field of the header, or among the music."""
        if letter == "M":
            self.metre = metre_of(value) or self.metre
        elif letter == "L":
            self.unit = unit_of(value)
        elif letter == "K":
            self.key, name = key_of(value)
            self.key_name = self.key_name or name
        elif letter == "V":
            self.voice = self._voice(value.split(maxsplit=1)[0] if value.split() else "")
        elif letter == "P" and music:
            self.voice.section = True

    @property
    def _quarter_unit(self) -> Fraction:
        if self.unit:
            return self.unit
        upper, _, lower = self.metre.partition("/")
        return (
            Fraction(1, 4) if Fraction(int(upper), int(lower)) < Fraction(3, 4) else Fraction(1, 2)
        )

    def music(self, line: str) -> None:
        """A line of notes."""
        at = 0
        while at < len(line):
            token = _TOKEN.match(line, at)
            if token is None:
                at += 1  # slurs, decorations, spaces
                continue
            at = token.end()
            self._token(token)

    def _token(self, token: re.Match[str]) -> None:
        voice = self.voice
        if token["text"] is not None:
            if token["text"][:1] not in "^_<>@":
                self._open().symbols.append((voice.now, token["text"]))
        elif token["field"]:
            self.field(token["field"], token["value"].strip(), True)
        elif token["bar"]:
            self._bar_line(token["bar"])
            if token["number"]:
                self._ending(token["number"])
        elif token["ending"]:
            self._bar_line("")
            self._ending(token["ending"])
        elif token["p"]:
            p = int(token["p"])
            usual = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
            compound = self.metre.endswith("/8") and self.metre not in ("2/8", "3/8", "4/8")
            q = int(token["q"] or usual.get(p, 3 if compound else 2))
            voice.tuplet = (Fraction(q, p), int(token["r"] or p))
        elif token["letter"]:
            pitch = self._pitch(token)
            self._sound([(pitch, False)], _size(token["size"]))
        elif token["chord"] is not None:
            notes = [
                (self._pitch(note), bool(note["tie"]))
                for note in _IN_CHORD.finditer(token["chord"])
            ]
            inner = _IN_CHORD.search(token["chord"])
            size = _size(token["chordsize"]) * (_size(inner["size"]) if inner else 1)
            if notes:
                self._sound(notes, size)
        elif token["rest"]:
            size = _size(token["restsize"])
            if token["rest"] in "ZX":
                for _ in range(max(1, int(size))):
                    bar = self._open()
                    voice.now = bar.length = bar.quarters
                    self._bar_line("|")
            else:
                self._sound([], size)
        elif token["broken"]:
            self._break(token["broken"])
        elif token["tie"]:
            self._tie()

    def _open(self) -> WrittenBar:
        voice = self.voice
        if voice.bar is None:
            voice.bar = WrittenBar(
                self.metre, section=voice.section, opens=voice.opens, endings=voice.endings
            )
            voice.section = voice.opens = False
            voice.altered, voice.now = {}, ZERO
        return voice.bar

    def _bar_line(self, sign: str) -> None:
        voice = self.voice
        if voice.bar is not None and voice.now:
            voice.bar.length = voice.now
            voice.bars.append(voice.bar)
            voice.bar = None
        ends = sign.startswith(":")
        if ends and voice.bars:
            voice.bars[-1].closes = True
        if ends or "||" in sign or "]" in sign or sign == "[|":
            voice.section = True
            voice.endings = frozenset()
        if sign.endswith(":") and (len(sign) > 1):
            voice.opens, voice.endings = True, frozenset()

    def _ending(self, numbers: str) -> None:
        found: set[int] = set()
        for part in filter(None, numbers.split(",")):
            first, _, last = part.partition("-")
            found |= set(range(int(first), int(last or first) + 1))
        self.voice.endings = frozenset(found)
        if self.voice.bar is not None:
            self.voice.bar.endings = self.voice.endings

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
        voice, bar = self.voice, self._open()
        factor, left = voice.tuplet
        if left:
            size *= factor
            voice.tuplet = (factor, left - 1)
        size *= self._quarter_unit * voice.broken
        voice.broken = Fraction(1)
        end = voice.now + size
        bar.notes += [WrittenNote(pitch, voice.now, end, tied) for pitch, tied in notes]
        voice.last, voice.now = len(notes), end
        voice.tied = {}

    def _break(self, sign: str) -> None:
        """A broken rhythm: the last note and the next one share their time unequally."""
        voice, bar = self.voice, self._open()
        less = Fraction(1, 2 ** len(sign))
        mine, its = (2 - less, less) if sign[0] == ">" else (less, 2 - less)
        if voice.last and bar.notes:
            start = bar.notes[-1].start
            end = start + (bar.notes[-1].end - start) * mine
            bar.notes[-voice.last :] = [n._replace(end=end) for n in bar.notes[-voice.last :]]
            voice.now, voice.broken = end, its

    def _tie(self) -> None:
        voice = self.voice
        bar = voice.bar or (voice.bars[-1] if voice.bars else None)
        if bar is not None and voice.last and bar.notes:
            bar.notes[-voice.last :] = [n._replace(tied=True) for n in bar.notes[-voice.last :]]
            voice.tied = dict(voice.written)

    def finish(self) -> list[WrittenBar]:
        """The bars of the first voice, with the notes of the others beside them."""
        every = list(self.voices.values())
        for self.voice in every:
            self._bar_line("|")
        first = next((voice.bars for voice in every if voice.bars), [])
        for voice in every:
            if voice.bars is not first:
                for bar, other in zip(first, voice.bars, strict=False):
                    bar.others += other.notes
                    bar.symbols += other.symbols
        return first


def _size(text: str) -> Fraction:
    """A length, such as `3/2`, `/` or nothing, as a multiple of the unit."""
    upper, slash, lower = text.partition("/")
    size = Fraction(int(upper or 1))
    if slash:
        size /= max(1, int(lower)) if lower.isdigit() else 2 ** (1 + lower.count("/"))
    return size
