"""Bags ready for sale, by the bagging that filled them, and which of them went into which parcel."""
