"""Blues that keeps its form: Eck and Schmidhuber's LSTM music composer of 2002, in PyTorch."""

__version__ = "0.1.0"
