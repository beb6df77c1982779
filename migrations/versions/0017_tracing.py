"""Which bags went into which parcel.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

from fulfillment.bags.triggers import FOLLOWING, FUNCTIONS, STATEMENTS
from fulfillment.packing.holds.models import STATEMENTS as HOLD_STATEMENTS

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# Bags that were filled before anybody wrote down where they went: as many as still lie on the shelf are the newest
# ones, the others are gone, and nobody knows into which parcel.
OLD_BAGGINGS_SQL = """
INSERT INTO bag_stocks (bagging_id, variant_id, best_before, bags, gone)
SELECT id, variant_id, best_before, bags, bags - GREATEST(0, LEAST(bags, on_shelf - newer)) FROM (
  SELECT b.id, b.variant_id, (b.at AT TIME ZONE 'Asia/Shanghai')::date + g.shelf_life_days AS best_before, b.bags,
         COALESCE(sum(b.bags) OVER (PARTITION BY b.variant_id ORDER BY b.id DESC
                                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS newer,
         COALESCE(l.on_hand, 0) - COALESCE(p.packed, 0) AS on_shelf
  FROM baggings b JOIN variants v ON v.id = b.variant_id JOIN products g ON g.id = v.product_id
  LEFT JOIN stock_levels l ON l.variant_id = b.variant_id
  LEFT JOIN (SELECT i.variant_id, sum(i.quantity) AS packed FROM parcels p JOIN parcel_lines i ON i.parcel_id = p.id
             WHERE p.state = 'packed' GROUP BY i.variant_id) p ON p.variant_id = b.variant_id
) known
"""
OLD_PARCELS_SQL = """
INSERT INTO parcel_bags (parcel_id, variant_id, bags, at, by)
SELECT p.id, l.variant_id, sum(l.quantity), now(), 'system'
FROM parcels p JOIN parcel_lines l ON l.parcel_id = p.id WHERE p.state IN ('packed', 'handed_over')
GROUP BY p.id, l.variant_id
"""


def upgrade() -> None:
    _bag_stocks()
    _parcel_bags()
    _parcel_holds()
    op.execute(OLD_BAGGINGS_SQL)
    op.execute(OLD_PARCELS_SQL)
    for sql in (*STATEMENTS, *FOLLOWING, *HOLD_STATEMENTS):
        op.execute(sql)


def _bag_stocks() -> None:
    op.create_table(
        "bag_stocks",
        sa.Column("bagging_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("best_before", sa.Date(), nullable=False),
        sa.Column("bags", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("gone", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("blocked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "taken >= 0 AND gone >= 0 AND taken + gone <= bags", name=op.f("ck_bag_stocks_no_more_than_filled")
        ),
        sa.ForeignKeyConstraint(["bagging_id"], ["baggings.id"], name=op.f("fk_bag_stocks_bagging_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_bag_stocks_variant_id")),
        sa.PrimaryKeyConstraint("bagging_id", name=op.f("pk_bag_stocks")),
        sa.UniqueConstraint("bagging_id", "variant_id", name=op.f("uq_bag_stocks_bagging_id_variant_id")),
    )
    op.create_index(
        "ix_bag_stocks_open",
        "bag_stocks",
        ["variant_id", "best_before", "bagging_id"],
        postgresql_where=sa.text("taken + gone < bags AND NOT blocked"),
    )


def _parcel_bags() -> None:
    op.create_table(
        "parcel_bags",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("bagging_id", sa.BigInteger(), nullable=True),
        sa.Column("bags", sa.Integer(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("bags > 0", name=op.f("ck_parcel_bags_bags_positive")),
        sa.ForeignKeyConstraint(
            ["bagging_id", "variant_id"],
            ["bag_stocks.bagging_id", "bag_stocks.variant_id"],
            name="fk_parcel_bags_bag_stock",
        ),
        sa.ForeignKeyConstraint(["parcel_id"], ["parcels.id"], name=op.f("fk_parcel_bags_parcel_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_parcel_bags_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel_bags")),
        sa.UniqueConstraint(
            "parcel_id", "variant_id", "bagging_id", name=op.f("uq_parcel_bags_parcel_id_variant_id_bagging_id")
        ),
    )
    unknown, known = sa.text("bagging_id IS NULL"), sa.text("bagging_id IS NOT NULL")
    op.create_index(
        "uq_parcel_bags_unknown", "parcel_bags", ["parcel_id", "variant_id"], unique=True, postgresql_where=unknown
    )
    op.create_index("ix_parcel_bags_bagging", "parcel_bags", ["bagging_id", "parcel_id"], postgresql_where=known)
    op.create_index("ix_parcel_bags_unknown", "parcel_bags", ["variant_id", "parcel_id"], postgresql_where=unknown)


def _parcel_holds() -> None:
    op.create_table(
        "parcel_holds",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("freed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("freed_by", sa.String(), nullable=False),
        sa.Column("freed_reason", sa.String(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_parcel_holds_has_reason")),
        sa.CheckConstraint(
            "(freed_at IS NULL) = (freed_reason = '') AND (freed_at IS NULL) = (freed_by = '')",
            name=op.f("ck_parcel_holds_freed_with_reason"),
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_parcel_holds_lot_id")),
        sa.ForeignKeyConstraint(["parcel_id"], ["parcels.id"], name=op.f("fk_parcel_holds_parcel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel_holds")),
    )
    op.create_index(
        "uq_parcel_holds_open", "parcel_holds", ["parcel_id", "lot_id"], unique=True,
        postgresql_where=sa.text("freed_at IS NULL"),
    )  # fmt: skip


def downgrade() -> None:
    for table in ("parcel_holds", "parcel_bags", "bag_stocks"):
        op.drop_table(table)
    for trigger, table in (
        ("parcels_held_stay", "parcels"),
        ("lots_block_their_bags", "lots"),
        ("baggings_taken_back_empty", "baggings_taken_back"),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in ("keep_held_parcels", *FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
