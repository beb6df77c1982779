"""Slips: what is masked, how they are drawn."""
