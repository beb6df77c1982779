"""Trainings: what was shown to whom, and when it is due again."""
