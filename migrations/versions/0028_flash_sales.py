"""Flash sales: a price that begins and ends by the server's clock.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("offers", sa.Column("flash_price_fen", sa.BigInteger(), nullable=True))
    for name in ("flash_from", "flash_until"):
        op.add_column("offers", sa.Column(name, sa.TIMESTAMP(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_offers_flash_whole_or_none"), "offers", "num_nulls(flash_price_fen, flash_from, flash_until) IN (0, 3)"
    )
    op.create_check_constraint(
        op.f("ck_offers_flash_makes_sense"), "offers", "flash_price_fen > 0 AND flash_until > flash_from"
    )


def downgrade() -> None:
    for name in ("flash_price_fen", "flash_from", "flash_until"):
        op.drop_column("offers", name)
