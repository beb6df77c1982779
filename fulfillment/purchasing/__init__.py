"""Buying from farmers: contracts, quotes, weigh-ins, settlements."""
