"""Bags that broke, were given away or went missing, with why.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

from kernel.db import append_only_sql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bags_gone",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("bagging_id", sa.BigInteger(), nullable=False),
        sa.Column("bags", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("bags > 0", name=op.f("ck_bags_gone_bags_positive")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_bags_gone_says_why")),
        sa.ForeignKeyConstraint(["bagging_id"], ["bag_stocks.bagging_id"], name=op.f("fk_bags_gone_bagging_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bags_gone")),
        sa.UniqueConstraint("key", name=op.f("uq_bags_gone_key")),
    )
    op.create_index("ix_bags_gone_bagging_id", "bags_gone", ["bagging_id"])
    # Migration 0017 took bags that were gone before anybody noted it to be so; these lines say that.
    op.execute(
        "INSERT INTO bags_gone (key, bagging_id, bags, reason, at, by)"
        " SELECT 'before:' || s.bagging_id, s.bagging_id, s.gone, '以前没有记 · not noted before', now(), ''"
        " FROM bag_stocks s WHERE s.gone > 0"
        " AND NOT EXISTS (SELECT FROM baggings_taken_back t WHERE t.bagging_id = s.bagging_id)"
    )
    op.execute(append_only_sql("bags_gone"))


def downgrade() -> None:
    op.drop_table("bags_gone")
