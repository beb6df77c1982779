"""Links to the board on the wall.

Revision ID: 0045
Revises: 0044
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wall_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("revoked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by = '')", name=op.f("ck_wall_links_revoked_by_somebody")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wall_links")),
    )
    open_only = {"unique": True, "postgresql_where": sa.text("revoked_at IS NULL")}
    op.create_index("uq_wall_links_open", "wall_links", [sa.text("(revoked_at IS NULL)")], **open_only)


def downgrade() -> None:
    op.drop_table("wall_links")
