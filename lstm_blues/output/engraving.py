"""Lead sheets as pages: SVG and PDF, engraved by Verovio (the extra `scores`)."""

from __future__ import annotations

import io
import re
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import BinaryIO
from xml.etree import ElementTree

import matplotlib

from lstm_blues.errors import BluesError, extra
from lstm_blues.files import write_safely, write_text
from lstm_blues.music.piece import Piece
from lstm_blues.music.timing import Timing
from lstm_blues.output.musicxml import to_musicxml

# A4 in Verovio's units at this scale, which makes a staff as high as in a printed lead sheet.
SCALE = 40

_WIDTH, _HEIGHT = 210.0, 297.0  # mm

_UNITS_PER_MM = 96 / 25.4 / (SCALE / 100)

_POINTS_PER_MM = 72 / 25.4

_SVG = "http://www.w3.org/2000/svg"

# Signs that Verovio takes from its music font, in text fonts.
_SIGNS = str.maketrans(
    dict(zip("\ue260\ue261\ue262\ued60\ued61\ued62\uea64\uea65\uea66", "♭♮♯" * 3, strict=True))
)

_FONT = "DejaVu Serif"
"""Has every sign of a chord symbol, and comes with Matplotlib."""


def engrave(piece: Piece, timing: Timing | None = None) -> list[str]:
    """The piece as pages of SVG, A4, four bars per system.

    Raises `BluesError` where the extra is not installed.
    """
    verovio = extra("verovio", "scores", "engraving")
    verovio.enableLog(verovio.LOG_ERROR)
    toolkit = verovio.toolkit()
    toolkit.setOptions(
        {
            "pageWidth": round(_WIDTH * _UNITS_PER_MM),
            "pageHeight": round(_HEIGHT * _UNITS_PER_MM),
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
    if not toolkit.loadData(to_musicxml(piece, timing, metronome=False).decode()):
        raise BluesError(f"{piece.title!r} could not be engraved.")
    return [_plain(toolkit.renderToSVG(page + 1)) for page in range(toolkit.getPageCount())]


def _plain(svg: str) -> str:
    """Verovio's SVG with one root, sizes in mm, and every text one element in one common font, so
    that it looks the same in every program."""
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ElementTree.fromstring(svg)
    inner = root.find(f"{{{_SVG}}}svg")
    assert inner is not None
    root.remove(inner)
    root.extend(list(inner))
    root.set("viewBox", inner.attrib["viewBox"])
    root.set("width", f"{_WIDTH:g}mm")
    root.set("height", f"{_HEIGHT:g}mm")
    root.set("color", "black")
    for parent in list(root.iter()):
        for place, child in enumerate(list(parent)):
            if child.tag == f"{{{_SVG}}}text":
                parent[place] = _one_text(child)
    return ElementTree.tostring(root, encoding="unicode")


def _one_text(text: ElementTree.Element) -> ElementTree.Element:
    kept = ("x", "y", "text-anchor", "font-style", "font-weight")
    whole = ElementTree.Element(f"{{{_SVG}}}text", {"font-family": _FONT})
    words, sizes = "", {True: 0.0, False: 0.0}
    for part in text.iter():
        if part.tag == f"{{{_SVG}}}title":
            continue
        whole.attrib.update({name: part.attrib[name] for name in kept if name in part.attrib})
        if part.text and part.text.strip():
            words += part.text.translate(_SIGNS)
            sign = part.text.translate(_SIGNS) != part.text
            size = float(part.attrib.get("font-size", "0px").removesuffix("px"))
            sizes[sign] = max(sizes[sign], size)
    whole.text = re.sub(r"\s+", " ", words).strip()
    # The music font's signs are set larger than the text that they stand in.
    whole.set("font-size", f"{sizes[False] or sizes[True]:g}")
    return whole


def write_svg(piece: Piece, path: Path, timing: Timing | None = None) -> None:
    """Writes the pages: `path`, and for further ones `-2` and so on before its suffix."""
    for number, page in enumerate(engrave(piece, timing), start=1):
        name = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
        write_text(name, page)


@lru_cache(maxsize=1)
def _pdf_writer() -> tuple[ModuleType, ModuleType, ModuleType]:
    """svglib, and ReportLab's canvas and drawing, with the font registered."""
    svglib = extra("svglib.svglib", "scores", "writing PDF")
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for weight, style, file in (
        ("normal", "normal", "DejaVuSerif"),
        ("bold", "normal", "DejaVuSerif-Bold"),
        ("normal", "italic", "DejaVuSerif-Italic"),
        ("bold", "italic", "DejaVuSerif-BoldItalic"),
    ):
        svglib.register_font(_FONT, str(fonts / f"{file}.ttf"), weight=weight, style=style)
    canvas = extra("reportlab.pdfgen.canvas", "scores", "writing PDF")
    return svglib, canvas, extra("reportlab.graphics.renderPDF", "scores", "writing PDF")


def write_pdf(piece: Piece, path: Path, timing: Timing | None = None) -> None:
    """Writes the pages as one PDF, A4.  Raises `BluesError` where the extra is not installed."""
    svglib, canvas, render = _pdf_writer()
    size = (_WIDTH * _POINTS_PER_MM, _HEIGHT * _POINTS_PER_MM)
    pages = [svglib.svg2rlg(io.BytesIO(page.encode())) for page in engrave(piece, timing)]

    def write(file: BinaryIO) -> None:
        book = canvas.Canvas(file, pagesize=size, invariant=1)
        book.setTitle(piece.title)
        for page in pages:
            render.draw(page, book, 0, 0)
            book.showPage()
        book.save()

    write_safely(path, write)
