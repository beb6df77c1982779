"""Tests of the figures over time, of buyers by segment, and of their agreement to news."""
