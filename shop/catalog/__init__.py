"""Products and variants, what the shop lists and what stock is counted by."""
