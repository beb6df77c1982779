"""Paying farmers what they are owed, each payable once."""
