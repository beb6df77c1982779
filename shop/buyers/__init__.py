"""Buyers of the shop itself as it knows them: what each bought so far, and who wants to hear of news."""
