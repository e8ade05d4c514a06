"""The page for a browser: the network plays, learns and trades choruses there."""
