"""What study, evaluate and probe compute."""
