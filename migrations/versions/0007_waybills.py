"""Waybills, where parcels are, and what went wrong with couriers.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kernel.db import append_only_sql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

APPEND_ONLY = ("courier_case_notes", "waybill_prints")
TABLES = (
    "track_steps",
    "trackings",
    "courier_sheets",
    "waybill_prints",
    "waybills",
    "courier_case_notes",
    "courier_cases",
)


def upgrade() -> None:
    op.create_table(
        "courier_cases",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("settled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('waybill_failed', 'waybill_slow', 'cancel_failed', 'refused', 'returning', 'returned', 'address', 'unreachable', 'trouble', 'stuck', 'track_failed')",
            name=op.f("ck_courier_cases_known_kind"),
        ),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('solved', 'asked', 'refunded', 'resent', 'claimed', 'passed')",
            name=op.f("ck_courier_cases_known_outcome"),
        ),
        sa.CheckConstraint(
            "(settled_at IS NULL) = (outcome IS NULL) AND (settled_at IS NULL) = (settled_by IS NULL)",
            name=op.f("ck_courier_cases_settled_has_outcome"),
        ),
        sa.ForeignKeyConstraint(["parcel_id"], ["parcels.id"], name=op.f("fk_courier_cases_parcel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_courier_cases")),
    )
    op.create_index("ix_courier_cases_parcel", "courier_cases", ["parcel_id"], unique=False)
    op.create_index(
        "ix_courier_cases_waiting",
        "courier_cases",
        ["opened_at", "id"],
        unique=False,
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_index(
        "uq_courier_cases_open",
        "courier_cases",
        ["parcel_id", "kind"],
        unique=True,
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_table(
        "courier_case_notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["courier_cases.id"], name=op.f("fk_courier_case_notes_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_courier_case_notes")),
    )
    op.create_index(op.f("ix_courier_case_notes_case_id"), "courier_case_notes", ["case_id"], unique=False)
    op.create_table(
        "waybills",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("bulkpen", sa.String(), nullable=False),
        sa.Column("pkg_name", sa.String(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=True),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("sent_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("said", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(state = 'cancelled') = (cancelled_at IS NOT NULL)", name=op.f("ck_waybills_cancelled_has_time")
        ),
        sa.CheckConstraint("(state = 'failed') = (problem IS NOT NULL)", name=op.f("ck_waybills_failed_has_problem")),
        sa.CheckConstraint("provider IN ('kuaidi100', 'kdniao', 'sheet')", name=op.f("ck_waybills_known_provider")),
        sa.CheckConstraint(
            "state <> 'issued' OR (number IS NOT NULL AND issued_at IS NOT NULL)",
            name=op.f("ck_waybills_issued_has_number"),
        ),
        sa.CheckConstraint(
            "state IN ('asked', 'issued', 'cancelling', 'cancelled', 'failed')", name=op.f("ck_waybills_known_state")
        ),
        sa.CheckConstraint("fee_fen >= 0", name=op.f("ck_waybills_fee_not_negative")),
        sa.CheckConstraint("weight_g > 0 AND tries >= 0", name=op.f("ck_waybills_weight_and_tries")),
        sa.ForeignKeyConstraint(["parcel_id"], ["parcels.id"], name=op.f("fk_waybills_parcel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waybills")),
        sa.UniqueConstraint("key", name=op.f("uq_waybills_key")),
        sa.UniqueConstraint("number", name=op.f("uq_waybills_number")),
    )
    op.create_index(
        "ix_waybills_open",
        "waybills",
        ["state", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('asked', 'cancelling', 'failed')"),
    )
    op.create_index("ix_waybills_parcel", "waybills", ["parcel_id"], unique=False)
    op.create_index(
        "uq_waybills_live_parcel",
        "waybills",
        ["parcel_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('asked', 'issued')"),
    )
    op.create_table(
        "waybill_prints",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("waybill_id", sa.BigInteger(), nullable=False),
        sa.Column("copy", sa.Integer(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint("copy = 1 OR reason <> ''", name=op.f("ck_waybill_prints_reprint_has_reason")),
        sa.ForeignKeyConstraint(["waybill_id"], ["waybills.id"], name=op.f("fk_waybill_prints_waybill_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waybill_prints")),
        sa.UniqueConstraint("waybill_id", "copy", name=op.f("uq_waybill_prints_waybill_id_copy")),
    )
    op.create_index("ix_waybill_prints_at", "waybill_prints", ["at"], unique=False)
    op.create_table(
        "courier_sheets",
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("carrier", name=op.f("pk_courier_sheets")),
    )
    op.create_table(
        "trackings",
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("begun_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("news_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("looked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("next_look_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("how_ended", sa.String(), nullable=True),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("how_ended IN ('delivered', 'returned', 'given_up')", name=op.f("ck_trackings_known_end")),
        sa.CheckConstraint(
            "state IN ('', 'collected', 'moving', 'forwarded', 'customs', 'delivering', 'to_pick_up', 'delivered', 'trouble', 'unreachable', 'address', 'refused', 'returning', 'returned')",
            name=op.f("ck_trackings_known_state"),
        ),
        sa.CheckConstraint("(how_ended IS NULL) = (ended_at IS NULL)", name=op.f("ck_trackings_ended_has_time")),
        sa.CheckConstraint(
            "(next_look_at IS NULL) = (how_ended IS NOT NULL)", name=op.f("ck_trackings_ended_or_asked_again")
        ),
        sa.ForeignKeyConstraint(["parcel_id"], ["parcels.id"], name=op.f("fk_trackings_parcel_id")),
        sa.PrimaryKeyConstraint("parcel_id", name=op.f("pk_trackings")),
    )
    op.create_index(
        "ix_trackings_due",
        "trackings",
        ["next_look_at"],
        unique=False,
        postgresql_where=sa.text("next_look_at IS NOT NULL"),
    )
    op.create_table(
        "track_steps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["parcel_id"], ["parcels.id"], name=op.f("fk_track_steps_parcel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_track_steps")),
        sa.UniqueConstraint(
            "parcel_id", "number", "at", "words", name=op.f("uq_track_steps_parcel_id_number_at_words")
        ),
    )
    for table in APPEND_ONLY:
        op.execute(append_only_sql(table))


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
