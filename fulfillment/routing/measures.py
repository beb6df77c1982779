"""How even earnings are, and what a plan is worth by the weights."""

from collections.abc import Iterable

from fulfillment.routing.day import Plan, Weights


def gini(values: Iterable[float]) -> float:
    """The Gini coefficient: 0 when all are equal, near 1 when one has everything; 0 for nothing at all."""
    ranked = sorted(values)
    total = sum(ranked)
    if total <= 0:
        return 0.0
    count = len(ranked)
    return sum((2 * rank - count - 1) * value for rank, value in enumerate(ranked, 1)) / (count * total)


def mean_gap(values: Iterable[float]) -> float:
    """By how much two of the values differ on average."""
    ranked = sorted(values)
    return 2 * gini(ranked) * sum(ranked) / len(ranked) if ranked else 0.0


def points(plan: Plan, weights: Weights) -> int:
    """What is wrong with a plan, weighed: the fewer points the better."""
    gap_yuan = mean_gap(plan.rates_fen) / 100
    kept = weights.keeping * plan.moved + weights.set_up * plan.set_ups
    return weights.late * plan.not_in_time + round(weights.fairness * gap_yuan) + kept
