"""Blues that keeps its form: Eck and Schmidhuber's LSTM music composer of 2002, in PyTorch."""

import sys
from itertools import pairwise
from pathlib import Path

from lstm_blues.errors import interrupt_quietly

__version__ = "0.1.0"

# A command of this package, which from here on imports torch for a second or two; no program of
# another that uses it, whatever its folder is called.
if Path(sys.argv[0]).stem == "lstm-blues" or any(
    option == "-m" and name.partition(".")[0] == __name__
    for option, name in pairwise(sys.orig_argv)
):
    interrupt_quietly()
