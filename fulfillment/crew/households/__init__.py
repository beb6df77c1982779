"""What kind of household somebody is of, as far as they said so and agreed that it is counted."""
