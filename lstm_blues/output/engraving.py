"""Lead sheets as pages: SVG and PDF, engraved by Verovio (the extra `scores`)."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree

from matplotlib.font_manager import FontProperties
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextPath

from lstm_blues.errors import BluesError, extra
from lstm_blues.files import write_safely, write_text
from lstm_blues.music.piece import Piece
from lstm_blues.music.timing import Timing
from lstm_blues.output.musicxml import to_musicxml

# A4 in Verovio's units at this scale, which makes a staff as high as in a printed lead sheet.
SCALE = 40

_ID_SEED = 1
"""Of the ids of a page's elements, which would be others in every process."""

_WIDTH, _HEIGHT = 210.0, 297.0  # mm

_UNITS_PER_MM = 96 / 25.4 / (SCALE / 100)

_POINTS_PER_MM = 72 / 25.4

_SVG = "http://www.w3.org/2000/svg"

# Signs that Verovio takes from its music font, in text fonts.
_SIGNS = str.maketrans(
    dict(zip("\ue260\ue261\ue262\ued60\ued61\ued62\uea64\uea65\uea66", "♭♮♯" * 3, strict=True))
)

_LINE = 450.0
"""Height of a line of text above the staff, in the page's units."""

_PATH_LETTERS = {
    int(Outline.MOVETO): "M",
    int(Outline.LINETO): "L",
    int(Outline.CURVE3): "Q",
    int(Outline.CURVE4): "C",
    int(Outline.CLOSEPOLY): "Z",
}
"""SVG's letters for the segments of an outline."""

_FONT = "DejaVu Serif"
"""Has every sign of a chord symbol, and comes with Matplotlib."""


def engrave(piece: Piece, timing: Timing | None = None, *, cropped: bool = True) -> list[str]:
    """The piece as pages of SVG, four bars per system, dark on white whatever lies below.

    Args:
        piece: what to engrave.
        timing: gives the tempo and whether to swing.
        cropped: end each page below its last system; else all are A4.

    Raises:
        BluesError: the extra is not installed.
    """
    verovio = extra("verovio", "scores", "engraving")
    verovio.enableLog(verovio.LOG_ERROR)
    toolkit = verovio.toolkit()
    toolkit.resetXmlIdSeed(_ID_SEED)
    toolkit.setOptions(
        {
            "pageWidth": round(_WIDTH * _UNITS_PER_MM),
            "pageHeight": round(_HEIGHT * _UNITS_PER_MM),
            "adjustPageHeight": cropped,
            "scale": SCALE,
            # Systems as written, pages as they fill.
            "breaks": "line",
            "footer": "none",
            "mnumInterval": 0,
            "spacingSystem": 8,
            "minLastJustification": 0,
            **{f"pageMargin{side}": 150 for side in ("Left", "Right", "Top", "Bottom")},
        }
    )
    score = to_musicxml(piece, timing, metronome=False, degrees=False)
    if not toolkit.loadData(score.decode()):
        raise BluesError(f"{piece.title!r} could not be engraved.")
    return [_plain(toolkit.renderToSVG(page + 1)) for page in range(toolkit.getPageCount())]


def _plain(svg: str) -> str:
    """Verovio's SVG with one root, sizes in mm, white paper, and every text as its outline, so that
    it looks the same in every program."""
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ElementTree.fromstring(svg)
    inner = root.find(_tag("svg"))
    assert inner is not None
    root.remove(inner)
    root.extend(list(inner))
    box = inner.attrib["viewBox"]
    _, _, width, height = map(float, box.split())
    root.set("viewBox", box)
    root.set("width", f"{_WIDTH:g}mm")
    root.set("height", f"{_WIDTH * height / width:g}mm")
    root.set("color", "black")
    _raise_texts(root)
    for parent in list(root.iter()):
        for place, child in enumerate(list(parent)):
            if child.tag == _tag("text"):
                parent[place] = _outline(child)
    paper = ElementTree.Element(
        _tag("rect"), width=f"{width:g}", height=f"{height:g}", fill="white"
    )
    root.insert(0, paper)
    return ElementTree.tostring(root, encoding="unicode")


def _tag(name: str) -> str:
    return f"{{{_SVG}}}{name}"


def _raise_texts(root: ElementTree.Element) -> None:
    """Moves the tempo above the first system's chord symbols, which Verovio sets over it, and the
    title out of its way."""

    def placed(kind: str) -> list[ElementTree.Element]:
        groups = [g for g in root.iter(_tag("g")) if kind in g.get("class", "").split()]
        texts = [text for group in groups for text in group.iter(_tag("text"))]
        return [part for text in texts for part in text.iter() if "y" in part.attrib]

    symbols = [float(part.attrib["y"]) for part in placed("harm")]
    if not symbols:
        return
    for part in placed("tempo"):
        part.set("y", f"{min(min(symbols) - _LINE, float(part.attrib['y'])):g}")
    for part in placed("pgHead"):
        part.set("y", f"{float(part.attrib['y']) - _LINE:g}")


def _outline(text: ElementTree.Element) -> ElementTree.Element:
    """A text as a path that is drawn in a font that comes with Matplotlib."""
    words, size, style = "", 0.0, dict(text.attrib)
    for part in text.iter():
        if part.tag == _tag("title"):
            continue
        style |= part.attrib
        if part.text and part.text.strip():
            plain = part.text.translate(_SIGNS)
            # Signs of the music font are set larger than the letters beside them.
            if plain == part.text or not size:
                size = float(part.attrib.get("font-size", "0px").removesuffix("px")) or size
            words += plain
    words = re.sub(r"\s+", " ", words).strip()
    if not words:
        return ElementTree.Element(_tag("g"))
    font = FontProperties(
        family=_FONT,
        weight=style.get("font-weight", "normal"),
        style="italic" if style.get("font-style") == "italic" else "normal",
    )
    drawn = TextPath((0, 0), words, size=size, prop=font)
    share = {"middle": 0.5, "end": 1.0}.get(style.get("text-anchor", "start"), 0.0)
    width = drawn.get_extents().width
    left, base = float(style.get("x", 0)) - share * width, float(style.get("y", 0))
    marks = []
    for points, code in drawn.iter_segments():
        places = [
            f"{left + x:.1f} {base - y:.1f}" for x, y in zip(points[::2], points[1::2], strict=True)
        ]
        marks.append(
            _PATH_LETTERS[int(code)] + " ".join(places if code != Outline.CLOSEPOLY else [])
        )
    path = ElementTree.Element(_tag("path"), d="".join(marks), fill="black", stroke="none")
    ElementTree.SubElement(path, _tag("title")).text = words
    return path


def write_svg(piece: Piece, path: Path, timing: Timing | None = None) -> None:
    """Writes the pages: `path`, and for further ones `-2` and so on before its suffix."""
    for number, page in enumerate(engrave(piece, timing), start=1):
        name = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
        write_text(name, page)


def write_pdf(piece: Piece, path: Path, timing: Timing | None = None) -> None:
    """Writes the pages as one PDF, A4.  Raises `BluesError` where the extra is not installed."""
    svglib, canvas, render = (
        extra(name, "scores", "writing PDF")
        for name in ("svglib.svglib", "reportlab.pdfgen.canvas", "reportlab.graphics.renderPDF")
    )
    size = (_WIDTH * _POINTS_PER_MM, _HEIGHT * _POINTS_PER_MM)
    pages = engrave(piece, timing, cropped=False)
    drawings = [svglib.svg2rlg(io.BytesIO(page.encode())) for page in pages]

    def write(file: BinaryIO) -> None:
        book = canvas.Canvas(file, pagesize=size, invariant=1)
        book.setTitle(piece.title)
        for setter in (book.setAuthor, book.setSubject, book.setCreator):
            setter("lstm_blues")
        for drawing in drawings:
            render.draw(drawing, book, 0, 0)
            book.showPage()
        book.save()

    write_safely(path, write)
