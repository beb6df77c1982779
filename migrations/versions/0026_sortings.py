"""Lots sorted into grades.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

from fulfillment.purchasing.lots.triggers import SORTING_CHECKS_SQL, SORTING_TRIGGERS_SQL
from kernel.db import append_only_sql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_KINDS = ("known_kind", "kind IN ({kinds})")
_LOSSES = ("only_drying_loses", "received_g > 0 AND loss_g >= 0 AND (loss_g = 0 OR kind IN ({kinds}))")


def _let_lots_be(kinds: str, losing: str) -> None:
    for (name, rule), allowed in ((_KINDS, kinds), (_LOSSES, losing)):
        op.drop_constraint(op.f(f"ck_lots_{name}"), "lots", type_="check")
        op.create_check_constraint(op.f(f"ck_lots_{name}"), "lots", rule.format(kinds=allowed))


def upgrade() -> None:
    _let_lots_be("'delivery', 'mixed', 'dried', 'sorted'", "'dried', 'sorted'")
    op.create_table(
        "sortings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("taken_g", sa.BigInteger(), nullable=False),
        sa.Column("loss_g", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("loss_g >= 0 AND loss_g < taken_g", name=op.f("ck_sortings_loss_within_taken")),
        sa.CheckConstraint("(loss_g > 0) = (reason <> '')", name=op.f("ck_sortings_loss_says_why")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_sortings_lot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sortings")),
        sa.UniqueConstraint("key", name=op.f("uq_sortings_key")),
    )
    op.create_index("ix_sortings_lot_id", "sortings", ["lot_id"])
    op.add_column("lot_parts", sa.Column("sorting_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_lot_parts_sorting_id"), "lot_parts", "sortings", ["sorting_id"], ["id"])
    op.create_index("ix_lot_parts_sorting_id", "lot_parts", ["sorting_id"])
    op.execute(append_only_sql("sortings"))
    for sql in (*SORTING_CHECKS_SQL, *(statement for _, statement in SORTING_TRIGGERS_SQL)):
        op.execute(sa.text(sql.replace(":", r"\:")))


def downgrade() -> None:
    for table, statement in SORTING_TRIGGERS_SQL:
        op.execute(f"DROP TRIGGER {statement.split()[3]} ON {table}")
    op.execute("DROP FUNCTION sorting_adds_up()")
    op.drop_column("lot_parts", "sorting_id")
    op.drop_table("sortings")
    _let_lots_be("'delivery', 'mixed', 'dried'", "'dried'")
