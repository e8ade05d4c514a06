"""The page in the browser: the network as a musician, to hear, to look into and to play with."""
