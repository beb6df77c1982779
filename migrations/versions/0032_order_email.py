"""An e-mail address for news of an order, if the buyer gave one.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("email", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("orders", "email")
