"""Which goods go in which box: put together, taken apart, split, stopped in part."""
