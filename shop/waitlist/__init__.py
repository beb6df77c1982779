"""Who waits for what is sold out: an ordered line, served as goods come back, for a limited time each."""
