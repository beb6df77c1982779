"""Handing parcels over to couriers."""
