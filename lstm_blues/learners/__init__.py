"""Learners beside the report's, one file and one config each (section 5 asks for them)."""
