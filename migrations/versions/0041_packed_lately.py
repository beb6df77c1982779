"""What was packed lately is found without looking at all.

Revision ID: 0041
Revises: 0040
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    packed = sa.text("packed_at IS NOT NULL")
    op.create_index("ix_packing_tasks_packed_at", "packing_tasks", ["packed_at"], postgresql_where=packed)


def downgrade() -> None:
    op.drop_index("ix_packing_tasks_packed_at", "packing_tasks")
