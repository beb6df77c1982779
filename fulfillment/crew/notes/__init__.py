"""Short notes to a person at the bench: a kind word, work that was given or taken back."""
