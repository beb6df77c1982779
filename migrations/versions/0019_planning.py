"""Forecasts of what will be sold and brought; calls to farmers.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kernel.db import append_only_sql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forecasts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("first_week", sa.Date(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "done BETWEEN 0 AND total", name=op.f("ck_forecasts_done_within_total")
        ),
        sa.CheckConstraint(
            "made_at IS NULL OR done = total", name=op.f("ck_forecasts_made_when_done")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecasts")),
        sa.UniqueConstraint("key", name=op.f("uq_forecasts_key")),
    )
    op.create_index("ix_forecasts_made_at", "forecasts", ["made_at"])
    _products()
    _weeks()
    _calls()


def _products() -> None:
    methods = "'season', 'last_year', 'recent', 'none'"
    op.create_table(
        "product_forecasts",
        sa.Column("forecast_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("first_sold", sa.Date(), nullable=True),
        sa.Column("sold_g", postgresql.JSONB(), nullable=False),
        sa.Column("ways_g", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint(
            f"method IN ({methods})", name=op.f("ck_product_forecasts_known_method")
        ),
        sa.ForeignKeyConstraint(
            ["forecast_id"],
            ["forecasts.id"],
            name=op.f("fk_product_forecasts_forecast_id"),
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["products.id"],
            name=op.f("fk_product_forecasts_product_id"),
        ),
        sa.PrimaryKeyConstraint(
            "forecast_id", "product_id", name=op.f("pk_product_forecasts")
        ),
    )


def _weeks() -> None:
    op.create_table(
        "forecast_weeks",
        sa.Column("forecast_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("low_g", sa.BigInteger(), nullable=False),
        sa.Column("mid_g", sa.BigInteger(), nullable=False),
        sa.Column("high_g", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "0 <= low_g AND low_g <= mid_g AND mid_g <= high_g",
            name=op.f("ck_forecast_weeks_range_in_order"),
        ),
        sa.ForeignKeyConstraint(
            ["forecast_id"],
            ["forecasts.id"],
            name=op.f("fk_forecast_weeks_forecast_id"),
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_forecast_weeks_product_id")
        ),
        sa.PrimaryKeyConstraint(
            "forecast_id", "product_id", "week", name=op.f("pk_forecast_weeks")
        ),
    )


def _calls() -> None:
    outcomes = "'will_bring', 'brings_less', 'will_wait', 'not_reached', 'other'"
    op.create_table(
        "farmer_calls",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("farmer_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("rest_until", sa.Date(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint(
            f"outcome IN ({outcomes})", name=op.f("ck_farmer_calls_known_outcome")
        ),
        sa.CheckConstraint(
            "rest_until >= day", name=op.f("ck_farmer_calls_rests_from_the_day")
        ),
        sa.ForeignKeyConstraint(
            ["farmer_id"], ["farmers.id"], name=op.f("fk_farmer_calls_farmer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_farmer_calls")),
        sa.UniqueConstraint("key", name=op.f("uq_farmer_calls_key")),
    )
    op.create_index("ix_farmer_calls_farmer_id_id", "farmer_calls", ["farmer_id", "id"])
    op.execute(append_only_sql("farmer_calls"))


def downgrade() -> None:
    for table in ("farmer_calls", "forecast_weeks", "product_forecasts", "forecasts"):
        op.drop_table(table)
