"""Vouchers: so much off the goods of an order, with a code."""
