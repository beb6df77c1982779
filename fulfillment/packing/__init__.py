"""Parcels and packing tasks."""
