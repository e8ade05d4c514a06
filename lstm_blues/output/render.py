"""One call writes a piece in any format: to hear, to read, to see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lstm_blues.errors import require_choice
from lstm_blues.files import write_text
from lstm_blues.music.piece import Piece
from lstm_blues.music.timing import Timing
from lstm_blues.music.transpose import CONCERT, written_for
from lstm_blues.output.engraving import write_pdf, write_svg
from lstm_blues.output.html import to_html
from lstm_blues.output.midi import write_midi
from lstm_blues.output.musicxml import write_musicxml
from lstm_blues.output.parts import REPORT_ARRANGEMENT, Arrangement
from lstm_blues.output.pictures import write_picture
from lstm_blues.output.rolls import piece_roll
from lstm_blues.output.sound import FORMATS as SOUNDS
from lstm_blues.output.sound import write_sound

SCORES: dict[str, Callable[[Piece, Path, Timing], None]] = {
    ".musicxml": write_musicxml,
    ".svg": write_svg,
    ".pdf": write_pdf,
}

FORMATS = ("mid", "musicxml", "svg", "pdf", "png", "html", "txt", *(name[1:] for name in SOUNDS))
"""Suffixes that `render` knows: MIDI, MusicXML, engraved pages, piano roll, a page with all of it,
text, and sound."""


def render(
    piece: Piece,
    path: str | Path,
    tempo: float = 120.0,
    swing: float = 0.5,
    player: str = "builtin",
    arrangement: Arrangement = REPORT_ARRANGEMENT,
    instrument: str = CONCERT,
) -> Path:
    """Writes a piece in the format that the suffix of `path` names, and returns the path.

    Args:
        piece: what was composed.
        path: ends in .mid, .musicxml, .svg, .pdf, .png (a piano roll), .html (score, piano roll
            and sound in one file), .txt (chords and notes in words), .wav, .mp3, .flac or .ogg.
        tempo: quarter notes per minute.
        swing: share of a quarter note that its first half lasts, 0.5 being straight.
        player: of sound, see `output.sound.to_audio`.
        arrangement: who plays, in MIDI and sound; scores, pictures and texts show what the network
            plays.
        instrument: that scores are written for, see `music.transpose.WRITTEN_FOR`.

    Raises:
        BluesError: another suffix, a value out of range, swing in a metre that counts eighths, or
            an extra that is not installed.
    """
    path, timing = Path(path), Timing(tempo, swing)
    timing.require_fitting(piece.form.time)
    suffix = path.suffix.lower()
    require_choice("format", suffix[1:], FORMATS)
    if suffix in SOUNDS:
        write_sound(piece, path, timing, player=player, arrangement=arrangement)
    elif suffix == ".html":
        write_text(
            path,
            to_html(piece, timing, player=player, arrangement=arrangement, instrument=instrument),
        )
    elif suffix == ".mid":
        write_midi(piece, path, timing, arrangement)
    elif suffix == ".png":
        write_picture(piece_roll(piece), path)
    elif suffix == ".txt":
        write_text(path, piece.in_words() + "\n")
    else:
        SCORES[suffix](written_for(piece, instrument), path, timing)
    return path
