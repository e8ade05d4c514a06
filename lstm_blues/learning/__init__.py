"""The readable learning rules in PyTorch (sections 2.1, 3.1 and 5 of the report)."""
