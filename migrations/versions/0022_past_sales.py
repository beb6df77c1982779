"""What was sold before the workshop used this program, for the forecast.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "past_sales",
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("grams > 0", name=op.f("ck_past_sales_something_sold")),
        sa.CheckConstraint("way IN ('stream', 'shop', 'channel')", name=op.f("ck_past_sales_known_way")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_past_sales_product_id")),
        sa.PrimaryKeyConstraint("product_id", "day", "way", name=op.f("pk_past_sales")),
    )


def downgrade() -> None:
    op.drop_table("past_sales")
