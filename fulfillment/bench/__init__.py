"""The pages of the bench: packers, lead, weigher."""
