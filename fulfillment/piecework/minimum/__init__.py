"""The legal minimum and the factors for overtime, rest days and holidays, worked out in the open."""
