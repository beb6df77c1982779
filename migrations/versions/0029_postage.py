"""Postage by province and weight.

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kernel.db import append_only_sql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "postage_tables",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("follows", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("rates", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("follows >= 0 AND follows < id", name=op.f("ck_postage_tables_follows_an_earlier")),
        sa.CheckConstraint("jsonb_typeof(rates) = 'object'", name=op.f("ck_postage_tables_rates_are_a_table")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postage_tables")),
        sa.UniqueConstraint("follows", name=op.f("uq_postage_tables_follows")),
    )
    op.execute(append_only_sql("postage_tables"))


def downgrade() -> None:
    op.drop_table("postage_tables")
