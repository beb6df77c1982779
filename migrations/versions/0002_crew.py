"""Shifts and breaks instead of one moment of presence.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_HOWS = "('badge', 'pin', 'own', 'lead', 'night')"
_SPAN = (sa.func.tstzrange(sa.text("began_at"), sa.text("ended_at")), "&&")


def upgrade() -> None:
    op.create_table(
        "shifts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("began_how", sa.String(), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_how", sa.String(), nullable=True),
        sa.Column("planned_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("looked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("ended_at >= began_at", name=op.f("ck_shifts_ends_after_it_began")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_how IS NULL)", name=op.f("ck_shifts_ended_has_how")),
        sa.CheckConstraint(f"began_how IN {_HOWS}", name=op.f("ck_shifts_began_in_a_known_way")),
        sa.CheckConstraint(f"ended_how IN {_HOWS}", name=op.f("ck_shifts_ended_in_a_known_way")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_shifts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
        postgresql.ExcludeConstraint((sa.column("person_id"), "="), _SPAN, name="ex_shifts_one_at_a_time", using="gist"),
    )
    op.create_index("uq_shifts_open", "shifts", ["person_id"], unique=True, postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index("ix_shifts_person_began", "shifts", ["person_id", "began_at"])
    op.create_index("ix_shifts_began", "shifts", ["began_at"])
    op.create_index(
        "ix_shifts_to_look_at",
        "shifts",
        ["ended_at"],
        postgresql_where=sa.text("ended_how = 'night' AND looked_at IS NULL"),
    )
    op.create_table(
        "shift_breaks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("shift_id", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("ended_at >= began_at", name=op.f("ck_shift_breaks_ends_after_it_began")),
        sa.ForeignKeyConstraint(["shift_id"], ["shifts.id"], name=op.f("fk_shift_breaks_shift_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_breaks")),
        postgresql.ExcludeConstraint(
            (sa.column("shift_id"), "="), _SPAN, name="ex_shift_breaks_one_at_a_time", using="gist"
        ),
    )
    op.create_index(
        "uq_shift_breaks_open", "shift_breaks", ["shift_id"], unique=True, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_index("ix_task_log_packer_at", "task_log", ["packer_id", "at"])
    # Who took up work within the last 14 hours is here; what is older counted for nothing on its own day either.
    op.execute(
        "INSERT INTO shifts (person_id, began_at, began_how) "
        "SELECT person_id, present_since, 'own' FROM packers WHERE present_since > now() - interval '14 hours'"
    )
    op.drop_column("packers", "present_since")


def downgrade() -> None:
    op.add_column("packers", sa.Column("present_since", sa.TIMESTAMP(timezone=True), nullable=True))
    op.execute(
        "UPDATE packers p SET present_since = s.began_at FROM shifts s WHERE s.person_id = p.person_id AND s.ended_at IS NULL"
    )
    op.drop_index("ix_task_log_packer_at", "task_log")
    op.drop_table("shift_breaks")
    op.drop_table("shifts")
