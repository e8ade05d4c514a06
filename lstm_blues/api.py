"""What notebooks and programs call: load, compose, render, evaluate, each in one line.

from lstm_blues.api import compose, evaluate, load, render

network = load()                              # the newest run, or the network that comes along
pieces = compose(network, pieces=3, choruses=4, seed=1)
render(pieces[0], "blues.wav", tempo=140, swing=0.62)
table = evaluate(network)
"""

from lstm_blues.evaluate import EvaluateSettings, evaluate
from lstm_blues.piece import Chord, Note, Piece
from lstm_blues.render import FORMATS, render
from lstm_blues.sampler import Sampling
from lstm_blues.trained import Primer, Trained
from lstm_blues.trained import compose_pieces as compose
from lstm_blues.trained import load_trained as load

__all__ = [
    "FORMATS",
    "Chord",
    "EvaluateSettings",
    "Note",
    "Piece",
    "Primer",
    "Sampling",
    "Trained",
    "compose",
    "evaluate",
    "load",
    "render",
]
