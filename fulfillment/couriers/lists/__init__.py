"""Hand-over lists that a collector has signed."""
