"""Contests that one joins by choice."""
