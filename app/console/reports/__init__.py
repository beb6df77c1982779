"""Reports to keep: of a stream, and of what the workshop did for people in a month or a year."""
