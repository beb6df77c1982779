"""One step forward and back: from a lot to every buyer, from a box to every farmer."""
