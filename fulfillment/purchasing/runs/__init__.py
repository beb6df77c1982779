"""Settlement runs: due payables of many farmers chosen at once, looked at, closed by a second person."""
