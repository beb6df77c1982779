"""Tables of imported orders."""
