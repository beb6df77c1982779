"""A box on the scale before it leaves."""
