"""Bags and photos of a weigh-in.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

from fulfillment.purchasing.weighing.models import BAGS_FUNCTION_SQL, BAGS_TRIGGER_SQL
from kernel.db import append_only_sql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_SIZE = "octet_length(jpeg) BETWEEN 1 AND 600000"
_PIXELS = "width BETWEEN 1 AND 1600 AND height BETWEEN 1 AND 1600"


def upgrade() -> None:
    op.create_table(
        "delivery_bags",
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("gross_g", sa.BigInteger(), nullable=False),
        sa.Column("tare_g", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("gross_g > tare_g AND tare_g >= 0", name=op.f("ck_delivery_bags_tare_below_gross")),
        sa.CheckConstraint("place BETWEEN 1 AND 40", name=op.f("ck_delivery_bags_bags_bounded")),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_delivery_bags_delivery_id")),
        sa.PrimaryKeyConstraint("delivery_id", "place", name=op.f("pk_delivery_bags")),
    )
    op.execute(append_only_sql("delivery_bags"))
    op.execute(BAGS_FUNCTION_SQL)
    op.execute(BAGS_TRIGGER_SQL)
    _photos()
    _grade_pictures()


def _photos() -> None:
    op.create_table(
        "weigh_in_photos",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('goods', 'certificate')", name=op.f("ck_weigh_in_photos_known_kind")),
        sa.CheckConstraint("place BETWEEN 1 AND 4", name=op.f("ck_weigh_in_photos_photos_bounded")),
        sa.CheckConstraint(_SIZE, name=op.f("ck_weigh_in_photos_size_bounded")),
        sa.CheckConstraint(_PIXELS, name=op.f("ck_weigh_in_photos_pixels_bounded")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weigh_in_photos")),
        sa.UniqueConstraint("key", "kind", "place", name=op.f("uq_weigh_in_photos_key_kind_place")),
    )
    op.create_index(op.f("ix_weigh_in_photos_at"), "weigh_in_photos", ["at"])


def _grade_pictures() -> None:
    op.create_table(
        "grade_pictures",
        sa.Column("grade_id", sa.BigInteger(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint(_SIZE, name=op.f("ck_grade_pictures_size_bounded")),
        sa.CheckConstraint(_PIXELS, name=op.f("ck_grade_pictures_pixels_bounded")),
        sa.ForeignKeyConstraint(["grade_id"], ["grades.id"], name=op.f("fk_grade_pictures_grade_id")),
        sa.PrimaryKeyConstraint("grade_id", name=op.f("pk_grade_pictures")),
    )


def downgrade() -> None:
    op.drop_table("grade_pictures")
    op.drop_table("weigh_in_photos")
    op.drop_table("delivery_bags")
    op.execute("DROP FUNCTION refuse_bags_that_do_not_add_up()")
