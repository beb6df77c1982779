"""Waiting work that the lead keeps for one person."""
