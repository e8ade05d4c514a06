"""A run: from its config to its checkpoint and summary."""
