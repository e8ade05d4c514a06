"""Music as the network sees it: chords, forms, bars, songs (section 2 of the report)."""
