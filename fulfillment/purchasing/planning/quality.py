"""Reading how good a farmer's goods were, month by month, for the weigher's page and the farmer's own."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from fulfillment.purchasing.planning.quality_rules import MonthQuality, advice, is_better

_MONTHS = 12
_QUALITY = text("""
WITH weighed AS (
  SELECT date_trunc('month', d.day)::date AS month, c.product, c.form, d.net_g, d.refused_g,
         d.moisture_bps, GREATEST(0, d.moisture_bps - d.standard_moisture_bps) AS over_bps, d.foreign_bps,
         CASE WHEN d.grade_deduction_bps = 0 THEN d.net_g ELSE 0 END AS best_g
  FROM deliveries d JOIN contracts c ON c.id = d.contract_id
  WHERE d.farmer_id = :farmer AND d.day >= :first
    AND NOT EXISTS (SELECT FROM deliveries_taken_back t WHERE t.delivery_id = d.id)
), months AS (
  SELECT month, product, form, count(*) AS deliveries, sum(net_g)::bigint AS net_g,
         (sum(best_g) * 10000 / sum(net_g))::int AS best_bps, (sum(moisture_bps * net_g) / sum(net_g))::int AS moisture_bps,
         (sum(over_bps * net_g) / sum(net_g))::int AS over_bps, (sum(foreign_bps * net_g) / sum(net_g))::int AS foreign_bps,
         sum(refused_g)::bigint AS refused_g
  FROM weighed GROUP BY month, product, form
), away AS (
  SELECT date_trunc('month', a.day)::date AS month, c.product, c.form, count(*) AS visits
  FROM turned_away a JOIN contracts c ON c.id = a.contract_id
  WHERE c.farmer_id = :farmer AND a.day >= :first GROUP BY 1, 2, 3
)
SELECT month, product, form, COALESCE(deliveries, 0), COALESCE(net_g, 0), COALESCE(best_bps, 0),
       COALESCE(moisture_bps, 0), COALESCE(over_bps, 0), COALESCE(foreign_bps, 0), COALESCE(refused_g, 0), COALESCE(visits, 0)
FROM months FULL JOIN away USING (month, product, form)
ORDER BY product, form, month
""")


@dataclass(frozen=True)
class ProductQuality:
    """One product's months, oldest first, and what helps most."""

    product: str
    form: str
    months: list[MonthQuality]

    @property
    def advice(self) -> str:
        """A word of ``quality_rules.advice``."""
        return advice(self.months)

    @property
    def is_better(self) -> bool:
        """Whether the newest month was better sorted than the one before."""
        return is_better(self.months)


def quality_of(session: Session, farmer_id: int, today: date) -> list[ProductQuality]:
    """A farmer's quality by product over the last twelve months; empty for one who has brought nothing."""
    first = (today - timedelta(days=30 * _MONTHS)).replace(day=1)
    found: dict[tuple[str, str], ProductQuality] = {}
    for row in session.execute(_QUALITY, {"farmer": farmer_id, "first": first}):
        month = MonthQuality(*row)
        found.setdefault((month.product, month.form), ProductQuality(month.product, month.form, [])).months.append(
            month
        )
    return list(found.values())
