"""Orders that other platforms sold: read from their export files."""
