"""Music that people bring: MusicXML, MIDI and ABC as one kind of score."""
