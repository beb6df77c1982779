"""sending

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from fulfillment.packing.boxes.models import WITHIN_ORDER_SQL, WITHIN_ORDER_TRIGGER_SQL
from kernel.db import append_only_sql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "courier_tariffs",
    "courier_choices",
    "courier_bills",
    "parcel_weighings",
    "hand_over_lists",
    "hand_over_lines",
    "stopped_parts",
)
_BIG_ID = (sa.BigInteger(), sa.Identity(always=False))
_TIME = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    _boxes()
    _fees()
    _weighings()
    _lists()
    for table in APPEND_ONLY:
        op.execute(append_only_sql(table))


def _id() -> sa.Column:
    return sa.Column("id", *_BIG_ID, nullable=False)


def _parcel(*, unique: bool = False) -> list[sa.Column]:
    return [sa.Column("parcel_id", sa.BigInteger(), sa.ForeignKey("parcels.id"), nullable=False, unique=unique)]


def _author() -> list[sa.Column]:
    return [sa.Column("at", _TIME, nullable=False), sa.Column("by", sa.String(), nullable=False)]


def _boxes() -> None:
    op.add_column("parcels", sa.Column("sent_with_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "parcels",
        sa.Column("leads_box", sa.Boolean(), sa.Computed("sent_with_id IS NULL", persisted=True), nullable=False),
    )
    op.add_column(
        "parcels",
        sa.Column(
            "rides", sa.Boolean(), sa.Computed("NULLIF(sent_with_id IS NOT NULL, false)", persisted=True), nullable=True
        ),
    )
    op.add_column("parcels", sa.Column("split_from_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_parcels_split_from_id"), "parcels", "parcels", ["split_from_id"], ["id"])
    op.create_unique_constraint(op.f("uq_parcels_id_leads_box"), "parcels", ["id", "leads_box"])
    op.create_foreign_key(
        op.f("fk_parcels_sent_with_id_rides"),
        "parcels",
        "parcels",
        ["sent_with_id", "rides"],
        ["id", "leads_box"],
    )
    op.create_index(
        "ix_parcels_sent_with", "parcels", ["sent_with_id"], postgresql_where=sa.text("sent_with_id IS NOT NULL")
    )
    op.drop_constraint("uq_parcels_carrier_tracking_number", "parcels", type_="unique")
    op.create_index(
        "uq_parcels_waybill",
        "parcels",
        ["carrier", "tracking_number"],
        unique=True,
        postgresql_where=sa.text("leads_box"),
    )
    op.create_index("ix_parcel_lines_order_line", "parcel_lines", ["order_line_id"])
    op.execute(WITHIN_ORDER_SQL)
    op.execute(WITHIN_ORDER_TRIGGER_SQL)
    op.create_table(
        "stopped_parts",
        sa.Column("parcel_id", sa.BigInteger(), sa.ForeignKey("parcels.id"), primary_key=True),
        sa.Column("order_id", sa.Uuid(), sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        *_author(),
        sa.CheckConstraint("amount_fen >= 0", name="not_negative"),
    )
    op.create_index(op.f("ix_stopped_parts_order_id"), "stopped_parts", ["order_id"])


def _fees() -> None:
    op.create_table(
        "courier_tariffs",
        _id(),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("province", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("serves", sa.Boolean(), nullable=False),
        sa.Column("steps", postgresql.JSONB(), nullable=False),
        sa.Column("further_fen_per_kg", sa.BigInteger(), nullable=True),
        sa.Column("round_up_g", sa.BigInteger(), nullable=False),
        sa.Column("surcharge_fen", sa.BigInteger(), nullable=False),
        sa.Column("minimum_fen", sa.BigInteger(), nullable=False),
        sa.Column("volume_divisor", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        *_author(),
        sa.CheckConstraint("jsonb_typeof(steps) = 'array'", name="steps_are_a_list"),
        sa.CheckConstraint(
            "NOT serves OR jsonb_array_length(steps) > 0 OR further_fen_per_kg IS NOT NULL", name="has_a_price"
        ),
        sa.CheckConstraint(
            "COALESCE(further_fen_per_kg, 0) >= 0 AND surcharge_fen >= 0 AND minimum_fen >= 0", name="not_negative"
        ),
        sa.CheckConstraint("round_up_g > 0 AND volume_divisor > 0 AND COALESCE(days, 1) > 0", name="makes_sense"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_courier_tariffs_province", "courier_tariffs", ["province", "carrier", "valid_from", "id"])
    op.create_table(
        "courier_choices",
        _id(),
        *_parcel(),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("tariff_id", sa.BigInteger(), sa.ForeignKey("courier_tariffs.id"), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        *_author(),
        sa.CheckConstraint("fee_fen >= 0 AND weight_g > 0", name="makes_sense"),
        sa.CheckConstraint("why <> 'lead' OR reason <> ''", name="lead_says_why"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_courier_choices_parcel", "courier_choices", ["parcel_id", "id"])
    op.create_table(
        "courier_bills",
        _id(),
        *_parcel(),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        *_author(),
        sa.CheckConstraint("fee_fen >= 0", name="not_negative"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_courier_bills_parcel", "courier_bills", ["parcel_id", "id"])


def _weighings() -> None:
    op.create_table(
        "parcel_weighings",
        _id(),
        *_parcel(),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("expected_g", sa.BigInteger(), nullable=False),
        sa.Column("tolerance_g", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        *_author(),
        sa.CheckConstraint("weight_g > 0 AND expected_g > 0 AND tolerance_g >= 0", name="makes_sense"),
        sa.CheckConstraint(
            "verdict = CASE WHEN weight_g < expected_g - tolerance_g THEN 'light' "
            "WHEN weight_g > expected_g + tolerance_g THEN 'heavy' ELSE 'right' END",
            name="verdict_follows",
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_parcel_weighings_parcel", "parcel_weighings", ["parcel_id", "id"])


def _lists() -> None:
    op.create_table(
        "hand_over_lists",
        _id(),
        sa.Column("number", sa.String(), nullable=False, unique=True),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("collector", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("boxes", sa.Integer(), nullable=False),
        sa.Column("parcels", sa.Integer(), nullable=False),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("signed_at", _TIME, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("boxes > 0 AND parcels >= boxes AND weight_g > 0", name="makes_sense"),
        sa.CheckConstraint("length(signature) <= 20000", name="signature_bounded"),
        sa.CheckConstraint("collector <> ''", name="somebody_signed"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_hand_over_lists_signed_at", "hand_over_lists", ["signed_at"])
    op.create_table(
        "hand_over_lines",
        _id(),
        sa.Column("list_id", sa.BigInteger(), sa.ForeignKey("hand_over_lists.id"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *_parcel(unique=True),
        sa.Column("parcel_number", sa.String(), nullable=False),
        sa.Column("tracking_number", sa.String(), nullable=False),
        sa.Column("province", sa.String(), nullable=False),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("weight_g >= 0", name="not_negative"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("list_id", "position"),
    )


def downgrade() -> None:
    for table in ("hand_over_lines", "hand_over_lists", "parcel_weighings", "courier_bills", "courier_choices"):
        op.drop_table(table)
    op.drop_table("courier_tariffs")
    op.drop_table("stopped_parts")
    op.execute("DROP TRIGGER parcel_lines_within_order ON parcel_lines")
    op.execute("DROP FUNCTION keep_parcels_within_order()")
    op.drop_index("ix_parcel_lines_order_line", table_name="parcel_lines")
    op.drop_index("uq_parcels_waybill", table_name="parcels")
    # A number that several parcels of one box share was not known before: it stays with the first, the others get
    # its name and their own.
    op.execute(
        "UPDATE parcels SET tracking_number = tracking_number || '/' || number WHERE sent_with_id IS NOT NULL "
        "AND tracking_number IS NOT NULL"
    )
    op.create_unique_constraint("uq_parcels_carrier_tracking_number", "parcels", ["carrier", "tracking_number"])
    for name, kind in (
        ("fk_parcels_sent_with_id_rides", "foreignkey"),
        ("uq_parcels_id_leads_box", "unique"),
        ("fk_parcels_split_from_id", "foreignkey"),
    ):
        op.drop_constraint(name, "parcels", type_=kind)
    op.drop_index("ix_parcels_sent_with", table_name="parcels")
    for column in ("split_from_id", "rides", "leads_box", "sent_with_id"):
        op.drop_column("parcels", column)
