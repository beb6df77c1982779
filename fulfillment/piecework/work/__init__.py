"""Piece work other than parcels: kinds of work as data, bookings by one person or a team, shares."""
