"""Weigh-ins that wait for a second person, goods that go home again, the prices that were looked at, and messages.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from fulfillment.purchasing.asking.triggers import FUNCTIONS, TRIGGERS_SQL
from kernel.db import append_only_sql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_NET = "ck_deliveries_net_is_gross_less_tare"
_APPEND_ONLY = ("delivery_quotes", "turned_away")


def upgrade() -> None:
    _widen_deliveries()
    _create_requests()
    _create_turned_away()
    _create_notices()
    for table in _APPEND_ONLY:
        op.execute(append_only_sql(table))
    for statement in TRIGGERS_SQL:
        op.execute(sa.text(statement.replace(":", r"\:")))


def _widen_deliveries() -> None:
    for column in (
        sa.Column("refused_g", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("refused_reason", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("certificate_reason", sa.String(), server_default=sa.text("''"), nullable=False),
    ):
        op.add_column("deliveries", column)
    op.drop_constraint(op.f(_NET), "deliveries", type_="check")
    for name, rule in (
        (
            "net_is_gross_less_tare",
            "gross_g > tare_g AND tare_g >= 0 AND net_g = gross_g - tare_g - refused_g AND net_g > 0 AND refused_g >= 0",
        ),
        ("refused_says_why", "(refused_g > 0) = (refused_reason <> '')"),
        ("reason_is_for_no_certificate", "NOT has_certificate OR certificate_reason = ''"),
    ):
        op.create_check_constraint(op.f(f"ck_deliveries_{name}"), "deliveries", rule)
    op.create_table(
        "delivery_quotes",
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("quote_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_delivery_quotes_delivery_id")),
        sa.ForeignKeyConstraint(["quote_id"], ["market_quotes.id"], name=op.f("fk_delivery_quotes_quote_id")),
        sa.PrimaryKeyConstraint("delivery_id", "place", name=op.f("pk_delivery_quotes")),
    )


def _create_requests() -> None:
    op.create_table(
        "weigh_in_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("gross_g", sa.BigInteger(), nullable=False),
        sa.Column("tare_g", sa.BigInteger(), nullable=False),
        sa.Column("bags", JSONB(), nullable=False),
        sa.Column("refused_g", sa.BigInteger(), nullable=False),
        sa.Column("refused_reason", sa.String(), nullable=False),
        sa.Column("moisture_bps", sa.Integer(), nullable=False),
        sa.Column("foreign_bps", sa.Integer(), nullable=False),
        sa.Column("grade", sa.String(), nullable=False),
        sa.Column("has_certificate", sa.Boolean(), nullable=False),
        sa.Column("certificate_reason", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("reasons", JSONB(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("words", sa.String(), nullable=True),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_weigh_in_requests_{name}")) for name, rule in _REQUEST_RULES),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_weigh_in_requests_{column}"))
            for column, table in (
                ("contract_id", "contracts"),
                ("asked_by_id", "people"),
                ("decided_by_id", "people"),
                ("delivery_id", "deliveries"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weigh_in_requests")),
        sa.UniqueConstraint("key", name=op.f("uq_weigh_in_requests_key")),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_weigh_in_requests_delivery_id")),
    )
    op.create_index(op.f("ix_weigh_in_requests_contract_id"), "weigh_in_requests", ["contract_id"])
    waiting = sa.text("state = 'waiting'")
    op.create_index("ix_weigh_in_requests_waiting", "weigh_in_requests", ["id"], postgresql_where=waiting)


_REQUEST_RULES = (
    ("known_state", "state IN ('waiting', 'approved', 'refused', 'taken_back')"),
    (
        "decided_by_somebody",
        (
            "CASE WHEN state = 'waiting' THEN num_nonnulls(decided_by_id, decided_by, decided_at, words) = 0 "
            "ELSE num_nulls(decided_by_id, decided_by, decided_at, words) = 0 END"
        ),
    ),
    ("decided_by_another", "state IN ('waiting', 'taken_back') OR decided_by_id <> asked_by_id"),
    ("taken_back_by_who_asked", "state <> 'taken_back' OR decided_by_id = asked_by_id"),
    ("refused_says_why", "state <> 'refused' OR words <> ''"),
    ("approved_is_written", "(state = 'approved') = (delivery_id IS NOT NULL)"),
    ("asks_for_a_reason", "jsonb_array_length(reasons) > 0"),
    ("net_positive", "gross_g - tare_g - refused_g > 0 AND tare_g >= 0 AND refused_g >= 0"),
)


def _create_turned_away() -> None:
    op.create_table(
        "turned_away",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("gross_g", sa.BigInteger(), nullable=False),
        sa.Column("tare_g", sa.BigInteger(), nullable=False),
        sa.Column("moisture_bps", sa.Integer(), nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "cause IN ('moist', 'mould', 'insects', 'foreign', 'smell', 'grade', 'other')",
            name=op.f("ck_turned_away_known_cause"),
        ),
        sa.CheckConstraint("gross_g > tare_g AND tare_g >= 0", name=op.f("ck_turned_away_tare_below_gross")),
        sa.CheckConstraint("moisture_bps BETWEEN 0 AND 9999", name=op.f("ck_turned_away_moisture_below_whole")),
        sa.ForeignKeyConstraint(["contract_id"], ["contracts.id"], name="fk_turned_away_contract_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turned_away")),
        sa.UniqueConstraint("key", name=op.f("uq_turned_away_key")),
    )
    op.create_index(op.f("ix_turned_away_contract_id"), "turned_away", ["contract_id"])


def _create_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("problem", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("reference", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("done_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("channel IN ('sms', 'email')", name=op.f("ck_notices_known_channel")),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'failed')", name=op.f("ck_notices_known_state")),
        sa.CheckConstraint("(state = 'waiting') = (done_at IS NULL)", name=op.f("ck_notices_done_or_waiting")),
        sa.CheckConstraint("length(body) BETWEEN 1 AND 2000", name=op.f("ck_notices_body_bounded")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("key", name=op.f("uq_notices_key")),
    )
    op.create_index(op.f("ix_notices_subject"), "notices", ["subject", "id"])


def downgrade() -> None:
    # What went home again cannot be told by the release before: net would no longer be gross less tare.
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT 1 FROM deliveries WHERE refused_g > 0) THEN "
        "RAISE EXCEPTION 'part of a delivery was refused; restore a backup of the release before instead'; END IF; END $$"
    )
    op.execute("DROP TRIGGER deliveries_old_quote ON deliveries")
    for table in ("notices", "turned_away", "weigh_in_requests", "delivery_quotes"):
        op.drop_table(table)
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")
    for name in ("refused_says_why", "reason_is_for_no_certificate", "net_is_gross_less_tare"):
        op.drop_constraint(op.f(f"ck_deliveries_{name}"), "deliveries", type_="check")
    op.create_check_constraint(
        op.f(_NET), "deliveries", "gross_g > tare_g AND tare_g >= 0 AND net_g = gross_g - tare_g"
    )
    for column in ("certificate_reason", "refused_reason", "refused_g"):
        op.drop_column("deliveries", column)
