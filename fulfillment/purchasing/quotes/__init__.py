"""Market prices: typed in, from files, from feeds; judged, and decided by a person where they are odd."""
