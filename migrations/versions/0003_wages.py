"""wages: rates by product, other work, corrections, complaints, the legal minimum

Revision ID: 0003
Revises: 0002
"""

from datetime import UTC, date, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from fulfillment.piecework.models import TIED_TRIGGERS_SQL, WAGES_TIED_SQL
from fulfillment.piecework.work.models import SHARE_TRIGGERS_SQL, SHARES_ADD_UP_SQL
from kernel.db import append_only_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WAS = {
    "known_kind": "kind IN ('piece', 'reversal')",
    "reversal_names_its_entry": "(kind = 'piece') = (reverses_id IS NULL)",
    "amount_is_rate": "(kind = 'piece' AND amount_fen = rate_fen) OR (kind = 'reversal' AND amount_fen = -rate_fen)",
    "rate_positive": "rate_fen > 0 AND round > 0",
}
IS = {
    "known_kind": "kind IN ('piece', 'work', 'correction', 'top_up', 'reversal')",
    "reversal_names_its_entry": "(kind = 'reversal') = (reverses_id IS NOT NULL)",
    "one_source": "num_nonnulls(task_id, share_id, correction_id, top_up_id) = 1",
    "kind_has_its_source": "CASE kind WHEN 'piece' THEN task_id IS NOT NULL WHEN 'work' THEN share_id IS NOT NULL "
    "WHEN 'correction' THEN correction_id IS NOT NULL WHEN 'top_up' THEN top_up_id IS NOT NULL "
    "ELSE num_nonnulls(task_id, share_id) = 1 END",
    "amount_is_rate": "amount_fen = CASE WHEN kind = 'reversal' THEN -rate_fen ELSE rate_fen END",
    "rate_positive": "round > 0 AND (rate_fen > 0 OR (rate_fen = 0 AND share_id IS NOT NULL) "
    "OR (rate_fen <> 0 AND correction_id IS NOT NULL))",
    "nobody_books_for_oneself": "kind <> 'work' OR (by_id IS NOT NULL AND by_id <> packer_id)",
}
APPEND_ONLY = ("work_shares", "pay_terms", "top_ups")

# The notices of Zhejiang; what was not confirmed is shown and not used until somebody confirms it.
_NOTICE = "浙江省政府通知 / notice of Zhejiang"
_DERIVED = "由 2024 年通知推算 / derived from the 2024 notice"
MIN_WAGES = (
    ("2021-08-01", 1, 228_000, _DERIVED, True),
    ("2021-08-01", 2, 207_000, _DERIVED, True),
    ("2021-08-01", 3, 184_000, _DERIVED, True),
    ("2024-01-01", 1, 249_000, _NOTICE, True),
    ("2024-01-01", 2, 226_000, _NOTICE, True),
    ("2024-01-01", 3, 201_000, _NOTICE, True),
    ("2026-01-01", 1, 266_000, "未确认 / not confirmed", False),
    ("2026-01-01", 2, 243_000, "未确认 / not confirmed", False),
    ("2026-01-01", 3, 218_000, "未确认 / not confirmed", False),
)

# Statutory holidays by the State Council's rule of 2024 (13 days a year). Days off and worked weekends around them are
# announced each year: the owner enters them.
_HOLIDAYS = (
    ("元旦", "2026-01-01"),
    ("春节", "2026-02-16 2026-02-17 2026-02-18 2026-02-19"),
    ("清明节", "2026-04-05"),
    ("劳动节", "2026-05-01 2026-05-02"),
    ("端午节", "2026-06-19"),
    ("中秋节", "2026-09-25"),
    ("国庆节", "2026-10-01 2026-10-02 2026-10-03"),
    ("元旦", "2027-01-01"),
    ("春节", "2027-02-05 2027-02-06 2027-02-07 2027-02-08"),
    ("清明节", "2027-04-05"),
    ("劳动节", "2027-05-01 2027-05-02"),
    ("端午节", "2027-06-09"),
    ("中秋节", "2027-09-15"),
    ("国庆节", "2027-10-01 2027-10-02 2027-10-03"),
)


def upgrade() -> None:
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('holiday', 'rest', 'work')", name=op.f("ck_calendar_days_known_kind")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_days")),
    )
    op.create_table(
        "min_wages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("month_fen", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("confirmed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("tier BETWEEN 1 AND 4 AND month_fen > 0", name=op.f("ck_min_wages_known_tier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_min_wages")),
        sa.UniqueConstraint("valid_from", "tier", name=op.f("uq_min_wages_valid_from_tier")),
    )
    op.create_table(
        "pay_terms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("rest_weekdays", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("period IN ('none', 'day', 'week', 'month')", name=op.f("ck_pay_terms_known_period")),
        sa.CheckConstraint("tier BETWEEN 1 AND 4 AND rest_weekdays ~ '^[1-7]*$'", name=op.f("ck_pay_terms_known_tier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_terms")),
    )
    op.create_table(
        "work_kinds",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("per", sa.BigInteger(), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("code <> 'pack'", name=op.f("ck_work_kinds_packing_is_its_own")),
        sa.CheckConstraint("unit IN ('piece', 'g') AND per > 0", name=op.f("ck_work_kinds_known_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_kinds")),
        sa.UniqueConstraint("code", name=op.f("uq_work_kinds_code")),
    )
    op.create_table(
        "pay_facts",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("is_employee", sa.Boolean(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("bank", sa.String(), nullable=False),
        sa.Column("account_holder", sa.String(), nullable=False),
        sa.Column("account_number", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(account_number = '') = (account_holder = '')", name=op.f("ck_pay_facts_holder_and_number")
        ),
        sa.CheckConstraint("account_number ~ '^[0-9]{0,30}$'", name=op.f("ck_pay_facts_number_is_digits")),
        sa.CheckConstraint("method IN ('cash', 'bank')", name=op.f("ck_pay_facts_known_method")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_pay_facts_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_pay_facts")),
    )
    op.create_table(
        "top_ups",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("working", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("what IN ('minimum', 'factors')", name=op.f("ck_top_ups_known_reason")),
        sa.CheckConstraint("amount_fen > 0 AND first_day <= last_day AND round > 0", name=op.f("ck_top_ups_adds")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_top_ups_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_top_ups")),
        sa.UniqueConstraint("id", "person_id", "amount_fen", name="uq_top_ups_paid_as"),
        sa.UniqueConstraint("person_id", "what", "first_day", "last_day", "round", name="uq_top_ups_once"),
    )
    op.create_table(
        "wage_corrections",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("proposed_by_id", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("granted_fen", sa.BigInteger(), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.CheckConstraint("amount_fen <> 0 AND btrim(reason) <> ''", name=op.f("ck_wage_corrections_has_reason")),
        sa.CheckConstraint(
            "decided_by_id <> person_id OR (granted_fen = 0 AND decided_by_id = proposed_by_id)",
            name=op.f("ck_wage_corrections_nobody_decides_for_oneself"),
        ),
        sa.CheckConstraint(
            "decided_by_id <> proposed_by_id OR granted_fen = 0", name=op.f("ck_wage_corrections_second_person")
        ),
        sa.CheckConstraint("granted_fen IN (0, amount_fen)", name=op.f("ck_wage_corrections_as_proposed_or_not")),
        sa.CheckConstraint(
            "num_nulls(granted_fen, decided_by_id, decided_at) IN (0, 3)",
            name=op.f("ck_wage_corrections_decided_by_somebody"),
        ),
        sa.ForeignKeyConstraint(["decided_by_id"], ["people.id"], name=op.f("fk_wage_corrections_decided_by_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_wage_corrections_person_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["people.id"], name=op.f("fk_wage_corrections_proposed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wage_corrections")),
        sa.UniqueConstraint("id", "person_id", "granted_fen", name="uq_wage_corrections_granted"),
    )
    op.create_index(op.f("ix_wage_corrections_person_id"), "wage_corrections", ["person_id"], unique=False)
    op.create_index(
        "ix_wage_corrections_waiting",
        "wage_corrections",
        ["id"],
        unique=False,
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_table(
        "work_bookings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("per", sa.BigInteger(), nullable=False),
        sa.Column("rate_fen", sa.BigInteger(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("split", sa.String(), nullable=False),
        sa.Column("worked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("noted_by", sa.String(), nullable=False),
        sa.Column("proposed_by_id", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("confirmed", sa.Boolean(), nullable=True),
        sa.CheckConstraint(
            "noted_by IN ('lead', 'packer') AND (noted_by = 'lead' OR NOT confirmed OR decided_by_id <> proposed_by_id)",
            name=op.f("ck_work_bookings_second_person"),
        ),
        sa.CheckConstraint("split IN ('equal', 'minutes', 'parts')", name=op.f("ck_work_bookings_known_split")),
        sa.CheckConstraint(
            "unit IN ('piece', 'g') AND per > 0 AND quantity > 0 AND rate_fen > 0",
            name=op.f("ck_work_bookings_counted"),
        ),
        sa.CheckConstraint(
            "num_nulls(decided_at, decided_by_id, confirmed) IN (0, 3)",
            name=op.f("ck_work_bookings_decided_by_somebody"),
        ),
        sa.CheckConstraint(
            "total_fen = (2 * rate_fen * quantity + per) / (2 * per)", name=op.f("ck_work_bookings_sum_adds_up")
        ),
        sa.ForeignKeyConstraint(["decided_by_id"], ["people.id"], name=op.f("fk_work_bookings_decided_by_id")),
        sa.ForeignKeyConstraint(["kind_id"], ["work_kinds.id"], name=op.f("fk_work_bookings_kind_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_work_bookings_product_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["people.id"], name=op.f("fk_work_bookings_proposed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_bookings")),
    )
    op.create_index(op.f("ix_work_bookings_kind_id"), "work_bookings", ["kind_id"], unique=False)
    op.create_index(
        "ix_work_bookings_waiting",
        "work_bookings",
        ["id"],
        unique=False,
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_index("ix_work_bookings_worked_at", "work_bookings", ["worked_at"], unique=False)
    op.create_table(
        "work_shares",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("booking_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("weight > 0 AND amount_fen >= 0", name=op.f("ck_work_shares_part_of_it")),
        sa.ForeignKeyConstraint(["booking_id"], ["work_bookings.id"], name=op.f("fk_work_shares_booking_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_work_shares_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_shares")),
        sa.UniqueConstraint("booking_id", "person_id", name=op.f("uq_work_shares_booking_id_person_id")),
        sa.UniqueConstraint("id", "person_id", "amount_fen", name="uq_work_shares_paid_as"),
    )
    op.create_index(op.f("ix_work_shares_person_id"), "work_shares", ["person_id"], unique=False)
    op.add_column("piece_rates", sa.Column("product_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "piece_rates",
        sa.Column(
            "product_key", sa.BigInteger(), sa.Computed("COALESCE(product_id, 0)", persisted=True), nullable=False
        ),
    )
    op.add_column("piece_rates", sa.Column("supersedes_id", sa.BigInteger(), nullable=True))
    op.add_column("piece_rates", sa.Column("reason", sa.String(), server_default="", nullable=False))
    op.drop_constraint(op.f("uq_piece_rates_operation_up_to_g_valid_from"), "piece_rates", type_="unique")
    op.create_index(
        "uq_piece_rates_first",
        "piece_rates",
        ["operation", "product_key", "up_to_g", "valid_from"],
        unique=True,
        postgresql_where=sa.text("supersedes_id IS NULL"),
    )
    op.create_unique_constraint(
        "uq_piece_rates_same", "piece_rates", ["id", "operation", "product_key", "up_to_g", "valid_from"]
    )
    op.create_index("uq_piece_rates_supersedes", "piece_rates", ["supersedes_id"], unique=True)
    op.create_foreign_key(
        "fk_piece_rates_supersedes_id",
        "piece_rates",
        "piece_rates",
        ["supersedes_id", "operation", "product_key", "up_to_g", "valid_from"],
        ["id", "operation", "product_key", "up_to_g", "valid_from"],
    )
    op.create_foreign_key(op.f("fk_piece_rates_product_id"), "piece_rates", "products", ["product_id"], ["id"])
    op.add_column("wage_entries", sa.Column("share_id", sa.BigInteger(), nullable=True))
    op.add_column("wage_entries", sa.Column("correction_id", sa.BigInteger(), nullable=True))
    op.add_column("wage_entries", sa.Column("top_up_id", sa.BigInteger(), nullable=True))
    op.add_column("wage_entries", sa.Column("by_id", sa.BigInteger(), nullable=True))
    op.alter_column("wage_entries", "task_id", existing_type=sa.BIGINT(), nullable=True)
    op.create_index("ix_wage_entries_task", "wage_entries", ["task_id"], unique=False)
    op.create_index("uq_wage_entries_correction", "wage_entries", ["correction_id"], unique=True)
    op.create_unique_constraint("uq_wage_entries_owner", "wage_entries", ["id", "packer_id"])
    op.create_unique_constraint("uq_wage_entries_paid_as", "wage_entries", ["id", "packer_id", "amount_fen"])
    op.create_unique_constraint(
        "uq_wage_entries_same_share", "wage_entries", ["id", "packer_id", "share_id", "rate_fen"]
    )
    op.create_index(
        "uq_wage_entries_share", "wage_entries", ["share_id"], unique=True, postgresql_where=sa.text("kind = 'work'")
    )
    op.create_index("uq_wage_entries_top_up", "wage_entries", ["top_up_id"], unique=True)
    op.create_foreign_key(
        "fk_wage_entries_correction_id",
        "wage_entries",
        "wage_corrections",
        ["correction_id", "packer_id", "rate_fen"],
        ["id", "person_id", "granted_fen"],
    )
    op.create_foreign_key(
        "fk_wage_entries_reverses_share",
        "wage_entries",
        "wage_entries",
        ["reverses_id", "packer_id", "share_id", "rate_fen"],
        ["id", "packer_id", "share_id", "rate_fen"],
    )
    op.create_foreign_key(op.f("fk_wage_entries_by_id"), "wage_entries", "people", ["by_id"], ["id"])
    op.create_foreign_key(
        "fk_wage_entries_top_up_id",
        "wage_entries",
        "top_ups",
        ["top_up_id", "packer_id", "rate_fen"],
        ["id", "person_id", "amount_fen"],
    )
    op.create_foreign_key(
        "fk_wage_entries_share_id",
        "wage_entries",
        "work_shares",
        ["share_id", "packer_id", "rate_fen"],
        ["id", "person_id", "amount_fen"],
    )
    op.create_table(
        "wage_complaints",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("answered_by_id", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("correction_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("btrim(answer) <> ''", name=op.f("ck_wage_complaints_answer_in_words")),
        sa.CheckConstraint(
            "kind IN ('too_little', 'not_mine', 'missing', 'other')", name=op.f("ck_wage_complaints_known_kind")
        ),
        sa.CheckConstraint("answered_by_id <> person_id", name=op.f("ck_wage_complaints_nobody_answers_oneself")),
        sa.CheckConstraint(
            "num_nulls(answered_at, answered_by_id, answer) IN (0, 3)",
            name=op.f("ck_wage_complaints_answered_by_somebody"),
        ),
        sa.ForeignKeyConstraint(["answered_by_id"], ["people.id"], name=op.f("fk_wage_complaints_answered_by_id")),
        sa.ForeignKeyConstraint(
            ["correction_id"], ["wage_corrections.id"], name=op.f("fk_wage_complaints_correction_id")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id", "person_id"],
            ["wage_entries.id", "wage_entries.packer_id"],
            name="fk_wage_complaints_own_entry",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_wage_complaints_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wage_complaints")),
    )
    op.create_index(op.f("ix_wage_complaints_person_id"), "wage_complaints", ["person_id"], unique=False)
    op.create_index(
        "ix_wage_complaints_waiting",
        "wage_complaints",
        ["id"],
        unique=False,
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_index(
        "uq_wage_complaints_open",
        "wage_complaints",
        ["entry_id"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    for name in WAS:
        op.drop_constraint(op.f(f"ck_wage_entries_{name}"), "wage_entries", type_="check")
    for name, rule in IS.items():
        op.create_check_constraint(op.f(f"ck_wage_entries_{name}"), "wage_entries", rule)
    op.create_check_constraint(
        op.f("ck_piece_rates_correction_has_reason"), "piece_rates", "(supersedes_id IS NULL) = (reason = '')"
    )
    for table in APPEND_ONLY:
        op.execute(append_only_sql(table))
    for sql in (SHARES_ADD_UP_SQL, *SHARE_TRIGGERS_SQL, WAGES_TIED_SQL, *TIED_TRIGGERS_SQL):
        op.execute(sql)
    _fill()


def _fill() -> None:
    op.bulk_insert(
        sa.table(
            "min_wages",
            sa.column("valid_from", sa.Date),
            sa.column("tier"),
            sa.column("month_fen"),
            sa.column("source"),
            sa.column("confirmed_at", sa.TIMESTAMP(timezone=True)),
        ),
        [
            {
                "valid_from": date.fromisoformat(day),
                "tier": tier,
                "month_fen": fen,
                "source": source,
                "confirmed_at": datetime(2024, 1, 1, tzinfo=UTC) if is_sure else None,
            }
            for day, tier, fen, source, is_sure in MIN_WAGES
        ],
    )
    op.bulk_insert(
        sa.table("calendar_days", sa.column("day", sa.Date), sa.column("kind"), sa.column("name"), sa.column("source")),
        [
            {"day": date.fromisoformat(day), "kind": "holiday", "name": name, "source": "全国年节及纪念日放假办法"}
            for name, days in _HOLIDAYS
            for day in days.split()
        ],
    )


def downgrade() -> None:
    for trigger, table in (
        ("wage_entries_tied_to_tasks", "wage_entries"),
        ("packing_tasks_packed_are_owed", "packing_tasks"),
        ("packing_tasks_tied_to_wages", "packing_tasks"),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    op.execute("DROP FUNCTION wages_tied_to_tasks()")
    op.drop_constraint(op.f("ck_piece_rates_correction_has_reason"), "piece_rates", type_="check")
    for name in IS:
        op.drop_constraint(op.f(f"ck_wage_entries_{name}"), "wage_entries", type_="check")
    # A line without a task cannot stand in the older table: with one, this is refused and nothing is lost.
    op.drop_table("wage_complaints")
    op.drop_constraint("fk_wage_entries_share_id", "wage_entries", type_="foreignkey")
    op.drop_constraint("fk_wage_entries_top_up_id", "wage_entries", type_="foreignkey")
    op.drop_constraint(op.f("fk_wage_entries_by_id"), "wage_entries", type_="foreignkey")
    op.drop_constraint("fk_wage_entries_reverses_share", "wage_entries", type_="foreignkey")
    op.drop_constraint("fk_wage_entries_correction_id", "wage_entries", type_="foreignkey")
    op.drop_index("uq_wage_entries_top_up", table_name="wage_entries")
    op.drop_index("uq_wage_entries_share", table_name="wage_entries", postgresql_where=sa.text("kind = 'work'"))
    op.drop_constraint("uq_wage_entries_same_share", "wage_entries", type_="unique")
    op.drop_constraint("uq_wage_entries_paid_as", "wage_entries", type_="unique")
    op.drop_constraint("uq_wage_entries_owner", "wage_entries", type_="unique")
    op.drop_index("uq_wage_entries_correction", table_name="wage_entries")
    op.drop_index("ix_wage_entries_task", table_name="wage_entries")
    op.alter_column("wage_entries", "task_id", existing_type=sa.BIGINT(), nullable=False)
    op.drop_column("wage_entries", "by_id")
    op.drop_column("wage_entries", "top_up_id")
    op.drop_column("wage_entries", "correction_id")
    op.drop_column("wage_entries", "share_id")
    op.drop_constraint(op.f("fk_piece_rates_product_id"), "piece_rates", type_="foreignkey")
    op.drop_constraint("fk_piece_rates_supersedes_id", "piece_rates", type_="foreignkey")
    op.drop_index("uq_piece_rates_supersedes", table_name="piece_rates")
    op.drop_constraint("uq_piece_rates_same", "piece_rates", type_="unique")
    op.drop_index("uq_piece_rates_first", table_name="piece_rates", postgresql_where=sa.text("supersedes_id IS NULL"))
    op.create_unique_constraint(
        op.f("uq_piece_rates_operation_up_to_g_valid_from"),
        "piece_rates",
        ["operation", "up_to_g", "valid_from"],
        postgresql_nulls_not_distinct=False,
    )
    op.drop_column("piece_rates", "reason")
    op.drop_column("piece_rates", "supersedes_id")
    op.drop_column("piece_rates", "product_key")
    op.drop_column("piece_rates", "product_id")
    op.drop_table("work_shares")
    op.drop_table("work_bookings")
    op.drop_table("wage_corrections")
    op.drop_table("top_ups")
    op.drop_table("pay_facts")
    op.drop_table("work_kinds")
    op.drop_table("pay_terms")
    op.drop_table("min_wages")
    op.drop_table("calendar_days")
    for name, rule in WAS.items():
        op.create_check_constraint(op.f(f"ck_wage_entries_{name}"), "wage_entries", rule)
    op.execute("DROP FUNCTION shares_add_up()")
