"""What a delivery would have been paid, had its market price been right from the start. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date

from fulfillment.purchasing.rules import Quote, QuoteRule, choose_quote


def corrected_quote(
    looked_at: Sequence[Quote], corrected: Mapping[int, Quote], day: date, median_days: int
) -> Quote | None:
    """The quote that would have been chosen: the ones looked at, each corrected where it was wrong.

    Args:
        looked_at: the quotes that the price was chosen from.
        corrected: the right price for the id of each wrong one.
        day: of the delivery.
        median_days: over how many days the contract takes the middle.
    """
    right = [corrected.get(quote.id, quote) for quote in looked_at]
    # How old they may be was decided at the scale: by the contract, or by a second person.
    oldest = max(((day - quote.day).days for quote in right), default=0)
    chosen = choose_quote(right, day, QuoteRule(oldest, median_days))
    return chosen.quote if chosen else None
