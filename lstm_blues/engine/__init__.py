"""The same learning rules compiled from C."""
