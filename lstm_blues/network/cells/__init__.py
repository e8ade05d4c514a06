"""Other cells than memory blocks, one file and one config each, for the same learning and tests."""

from lstm_blues.network.cells.elman import Elman
from lstm_blues.network.cells.feed_forward import FeedForward
from lstm_blues.network.cells.gru import Gru
from lstm_blues.network.cells.hidden import HiddenNetwork
from lstm_blues.network.cells.lstm import Lstm
from lstm_blues.network.cells.peepholes import Peepholes
from lstm_blues.network.cells.transformer import Transformer

BLOCKS = "blocks"
"""The report's memory blocks, in `lstm_blues.network`."""


CELLS: dict[str, type[HiddenNetwork]] = {
    "elman": Elman,
    "gru": Gru,
    "lstm": Lstm,
    "peepholes": Peepholes,
    "feed_forward": FeedForward,
    "transformer": Transformer,
}
"""Choices of `network.cell` beside them."""
