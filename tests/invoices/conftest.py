"""The town of the payments with a parcel that has arrived, as for complaints."""

from tests.complaints.conftest import arrived, town

__all__ = ["arrived", "town"]
