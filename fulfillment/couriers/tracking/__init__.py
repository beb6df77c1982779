"""Where a parcel is: what the courier tells, at polite intervals, until it has arrived or come back."""
