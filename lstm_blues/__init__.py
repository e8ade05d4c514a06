"""Blues that keeps its form: Eck and Schmidhuber's LSTM music composer of 2002, in PyTorch."""

import sys

from lstm_blues.errors import interrupt_quietly

__version__ = "0.1.0"

# A command of this package, which from here on imports torch for a second or two.
if any("lstm_blues" in word or "lstm-blues" in word for word in sys.orig_argv[1:3]):
    interrupt_quietly()
