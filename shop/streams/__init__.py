"""Broadcasts and the offers made in them."""
