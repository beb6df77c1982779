"""People of the workshop, their roles, and how they sign in."""
