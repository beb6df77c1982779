"""What belongs to one farmer: the private link to their own page, their own streams, and what came of their goods."""
