"""What the workshop calls itself.

Revision ID: 0043
Revises: 0042
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    words = ("name", "about_zh", "about_en", "phone", "province", "city", "county", "address", "tax_code")
    op.create_table(
        "workshop",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in words),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_workshop_only_one")),
        sa.CheckConstraint("name <> '' AND length(name) <= 30", name=op.f("ck_workshop_name_bounded")),
        sa.CheckConstraint(
            "(province = '') = (city = '') AND (province = '') = (county = '')",
            name=op.f("ck_workshop_region_whole"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workshop")),
    )


def downgrade() -> None:
    op.drop_table("workshop")
