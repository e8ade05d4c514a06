"""What was played, to hear and to see."""
