"""Orders from the hold to the door."""
