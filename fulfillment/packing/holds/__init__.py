"""Parcels that stay in the house until somebody has looked at what is in them."""
