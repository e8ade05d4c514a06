"""The network and its forward pass (sections 2.1, 3.1 and 4.1 of the report)."""
