"""A piece as one web page to send to a friend: score, piano roll and sound, all inside the file."""

from __future__ import annotations

import base64
import html
import io
import json
import tempfile
from pathlib import Path

from lstm_blues.errors import BluesError
from lstm_blues.music.piece import Piece
from lstm_blues.music.timing import Timing
from lstm_blues.music.transpose import CONCERT, written_for
from lstm_blues.output.engraving import engrave
from lstm_blues.output.parts import NONE, REPORT_ARRANGEMENT, Arrangement
from lstm_blues.output.rolls import piece_roll
from lstm_blues.output.sound import write_sound

# Nothing may be fetched: what the page needs is in it.
_POLICY = (
    "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'"
)

_STYLE = """
body { margin: 0 auto; max-width: 60rem; padding: 1rem; font: 16px/1.5 system-ui, sans-serif;
  color: #1a1a1a; background: #fff; }
audio { width: 100%; }
img { width: 100%; height: auto; }
output { display: block; min-height: 1.5em; font-weight: 600; }
"""

_SCRIPT = """
const bars = JSON.parse(document.getElementById('bars').textContent);
const sound = document.querySelector('audio'), where = document.querySelector('output');
sound.addEventListener('timeupdate', () => {
  const bar = bars.findLast(([start]) => start <= sound.currentTime + 0.05);
  where.textContent = bar ? `Bar ${bar[1]}: ${bar[2]}` : '';
});
"""


def to_html(
    piece: Piece,
    timing: Timing | None = None,
    *,
    player: str = "builtin",
    arrangement: Arrangement = REPORT_ARRANGEMENT,
    instrument: str = CONCERT,
) -> str:
    """The page, in HTML, its score written for an instrument.  It loads nothing from anywhere.

    Without the extra `scores` it has no score.  Raises `BluesError` where `to_audio` does.
    """
    timing = timing or Timing()
    try:
        pages = [_svg(page) for page in engrave(written_for(piece, instrument), timing)]
    except BluesError:
        pages = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "piece.mp3"
        write_sound(piece, path, timing, player=player, arrangement=arrangement)
        sound = _data("audio/mpeg", path.read_bytes())
    picture = io.BytesIO()
    piece_roll(piece).savefig(picture, format="png", dpi=110, metadata={"Software": None})
    score = "".join(
        f'<img alt="Score, page {number}" src="{page}">' for number, page in enumerate(pages, 1)
    )
    by = "Chords and melody by the network"
    if arrangement.band != NONE:
        by += "; the band accompanies by rule"
    title = html.escape(piece.title)
    bars = json.dumps(_bars(piece, timing)).replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{_STYLE}</style>
<h1>{title}</h1>
<p>{by}. {timing.tempo:g} quarter notes per minute.</p>
<audio controls src="{sound}"></audio>
<output aria-live="off"></output>
{score}
<img alt="Piano roll" src="{_data("image/png", picture.getvalue())}">
<script type="application/json" id="bars">{bars}</script>
<script>{_SCRIPT}</script>
</html>
"""


def _bars(piece: Piece, timing: Timing) -> list[tuple[float, int, str]]:
    """When each bar begins, in seconds, its number and its chords."""
    form, found = piece.form, []
    for number, first in enumerate(range(0, piece.steps, form.steps_per_bar), start=1):
        last = first + form.steps_per_bar
        symbols = [c.symbol for c in piece.chords if c.start < last and c.end > first]
        begins = timing.seconds(first, form.steps_per_bar, form.time)
        found.append((round(begins, 3), number, " ".join(symbols)))
    return found


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _svg(page: str) -> str:
    return _data("image/svg+xml", page.encode())
