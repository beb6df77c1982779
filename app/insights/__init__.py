"""Over time: who comes again, what is bought together, where it goes, what buyers are worth, how fast stock turns."""
