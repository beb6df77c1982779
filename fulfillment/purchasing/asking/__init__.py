"""Deciding about a weigh-in: written at once, waiting for a second person, or turned away kindly."""
