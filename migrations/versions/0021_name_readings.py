"""How farmers' names may be spelt in pinyin.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

from kernel.readings import pinyin_readings

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("farmers", sa.Column("readings", sa.String(), server_default="", nullable=False))
    farmers = sa.table("farmers", sa.column("id"), sa.column("name"), sa.column("readings"))
    connection = op.get_bind()
    for farmer_id, name in connection.execute(sa.select(farmers.c.id, farmers.c.name)).all():
        connection.execute(sa.update(farmers).where(farmers.c.id == farmer_id).values(readings=pinyin_readings(name)))


def downgrade() -> None:
    op.drop_column("farmers", "readings")
