"""A range for each coming week from the weeks that were. The library reads the season; with little history we say less.

With two years and more: a structural model (a level that moves, and two waves a year) of the square root of the grams, by
statsmodels, whose ranges know how sure it is. Harvey, Forecasting, structural time series models and the Kalman filter (1989).
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fulfillment.purchasing.planning.rules import Range, quantile

WEEKS_A_YEAR: Final = 52
SEASON_FROM_WEEKS: Final = 2 * WEEKS_A_YEAR
RECENT_FROM_WEEKS: Final = 6
_RECENT_WEEKS: Final = 13
# Weeks on each side of the same week last year: their spread is the range.
_AROUND: Final = 3
_PERIOD_WEEKS: Final = 365.25 / 7
# The tenth quantile of the normal distribution.
_TENTH: Final = 1.2815515655446004


@dataclass(frozen=True)
class Course:
    """A range for each coming week, and how it was worked out (one of ``rules.METHODS``)."""

    method: str
    weeks: Sequence[Range]


def forecast(sold_g: Sequence[int], ahead: int) -> Course:
    """What will be sold in each of ``ahead`` weeks after those of ``sold_g`` (grams a week, oldest first, none left out)."""
    if len(sold_g) >= SEASON_FROM_WEEKS and any(sold_g[-WEEKS_A_YEAR:]):
        seasonal = _by_season(sold_g, ahead)
        if seasonal is not None:
            return Course("season", seasonal)
    if len(sold_g) >= WEEKS_A_YEAR + _AROUND:
        return Course("last_year", [_of_last_year(sold_g, step) for step in range(ahead)])
    if len(sold_g) >= RECENT_FROM_WEEKS:
        return Course("recent", [_range_of(sold_g[-_RECENT_WEEKS:])] * ahead)
    return Course("none", [Range(0, 0, 0)] * ahead)


def _of_last_year(sold_g: Sequence[int], step: int) -> Range:
    """The weeks around the same week of last year, and the last four: a plain seasonal range."""
    same = len(sold_g) + step % WEEKS_A_YEAR - WEEKS_A_YEAR
    around = sold_g[max(0, same - _AROUND) : same + _AROUND + 1]
    return _range_of([*around, *sold_g[-4:]])


def _range_of(values: Sequence[int]) -> Range:
    return Range(quantile(values, 10), quantile(values, 50), quantile(values, 90))


def _by_season(sold_g: Sequence[int], ahead: int) -> list[Range] | None:
    """The library's ranges; ``None`` where it finds no answer, which is then said on the page by the plain method's name."""
    # Loaded late: it takes seconds and many megabytes, and only the worker's nightly job needs it.
    import numpy as np
    from statsmodels.tools.sm_exceptions import ConvergenceWarning
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    roots = np.sqrt(np.asarray(sold_g, dtype=float) / 1000)
    waves = [{"period": _PERIOD_WEEKS, "harmonics": 2}]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            model = UnobservedComponents(roots, "llevel", freq_seasonal=waves, stochastic_freq_seasonal=[False])
            ahead_of = model.fit(disp=False, maxiter=100).get_forecast(ahead)
    except (ConvergenceWarning, np.linalg.LinAlgError, ValueError):
        return None
    ranges = [_squared(mean, error) for mean, error in zip(ahead_of.predicted_mean, ahead_of.se_mean, strict=True)]
    return None if None in ranges else [found for found in ranges if found is not None]


def _squared(mean: float, error: float) -> Range | None:
    """Back from square roots of kilograms to grams; quantiles stay quantiles under a rising function."""
    if not (math.isfinite(mean) and math.isfinite(error)):
        return None
    low, mid, high = (round(max(0.0, mean + step * error) ** 2 * 1000) for step in (-_TENTH, 0, _TENTH))
    return Range(low, mid, high)
