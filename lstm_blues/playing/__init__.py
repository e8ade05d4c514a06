"""A frozen network playing (sections 3.2 and 4.2 of the report)."""
