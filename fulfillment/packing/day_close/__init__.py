"""Closing the day: what is not done, counted and kept."""
