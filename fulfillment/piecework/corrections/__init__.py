"""Corrections that two people agree on, and what a packer says is not right."""
