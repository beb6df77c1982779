"""first tables

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from sqlalchemy.dialects import postgresql
from kernel.db import REFUSE_CHANGE_SQL, append_only_sql
from kernel.people.models import KEEP_AN_OWNER_SQL, OWNER_TRIGGERS_SQL

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


APPEND_ONLY = (
    "audit_entries",
    "care_runs",
    "stock_movements",
    "air_times",
    "order_lines",
    "order_log",
    "piece_rates",
    "wage_entries",
    "parcel_lines",
    "task_log",
    "slip_prints",
    "quote_fetches",
    "deliveries",
    "deliveries_taken_back",
    "baggings",
    "payables",
    "settlements",
    "settlement_lines",
)


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute(REFUSE_CHANGE_SQL)
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index(op.f("ix_audit_entries_at"), "audit_entries", ["at"], unique=False)
    op.create_index(
        "ix_audit_entries_subject_at", "audit_entries", ["subject", "at"], unique=False
    )
    op.create_table(
        "farmers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("shown_name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("initials", sa.String(), nullable=False),
        sa.Column("consent_shown", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_farmers")),
        sa.UniqueConstraint("name", "phone", name=op.f("uq_farmers_name_phone")),
    )
    op.create_table(
        "grades",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("deduction_bps", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "deduction_bps BETWEEN 0 AND 9999",
            name=op.f("ck_grades_deduction_below_whole"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grades")),
        sa.UniqueConstraint(
            "product", "form", "name", name=op.f("uq_grades_product_form_name")
        ),
    )
    op.create_table(
        "care_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.CheckConstraint(
            "kind IN ('invariants', 'backup', 'reconcile', 'tidy')",
            name=op.f("ck_care_runs_known_kind"),
        ),
        sa.CheckConstraint(
            "found >= 0", name=op.f("ck_care_runs_found_not_negative")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_runs")),
    )
    op.create_index(
        "ix_care_runs_kind_at", "care_runs", ["kind", "at"], unique=False
    )
    op.create_table(
        "tallies",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_tallies")),
    )
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("run_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("done_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("given_up_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["run_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL AND given_up_at IS NULL"),
    )
    op.create_index(
        "uq_jobs_key_open",
        "jobs",
        ["key"],
        unique=True,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "limit_counts",
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("window_start", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_limit_counts")),
    )
    op.create_table(
        "market_quotes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("market", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("source_form", sa.String(), nullable=False),
        sa.Column("source_grade", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=True),
        sa.Column("form", sa.String(), nullable=True),
        sa.Column("grade", sa.String(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("low_fen", sa.BigInteger(), nullable=False),
        sa.Column("high_fen", sa.BigInteger(), nullable=False),
        sa.Column("fen_per_kg", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("comparable", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("entered_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "state <> 'accepted' OR (comparable AND product IS NOT NULL AND form IS NOT NULL AND grade IS NOT NULL)",
            name=op.f("ck_market_quotes_accepted_is_comparable"),
        ),
        sa.CheckConstraint(
            "state IN ('accepted', 'held', 'refused', 'replaced')",
            name=op.f("ck_market_quotes_known_state"),
        ),
        sa.CheckConstraint(
            "low_fen <= fen_per_kg AND fen_per_kg <= high_fen AND low_fen > 0",
            name=op.f("ck_market_quotes_low_mid_high"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_market_quotes")),
        sa.UniqueConstraint(
            "id",
            "fen_per_kg",
            "market",
            "source",
            "day",
            name="uq_market_quotes_used_facts",
        ),
        sa.UniqueConstraint(
            "source",
            "source_key",
            "revision",
            name=op.f("uq_market_quotes_source_source_key_revision"),
        ),
    )
    op.create_index(
        "ix_market_quotes_day", "market_quotes", ["day", "id"], unique=False
    )
    op.create_index(
        "ix_market_quotes_held",
        "market_quotes",
        ["source", "name"],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "uq_market_quotes_accepted",
        "market_quotes",
        ["market", "product", "form", "grade", "day"],
        unique=True,
        postgresql_where=sa.text("state = 'accepted'"),
    )
    op.create_table(
        "payment_events",
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("applied_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_payment_events")),
    )
    op.create_index(
        "ix_payment_events_waiting",
        "payment_events",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("applied_at IS NULL"),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("shown_name", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=True),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("pin_hash", sa.String(), nullable=True),
        sa.Column("badge_hash", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("badge_hash", name=op.f("uq_people_badge_hash")),
        sa.UniqueConstraint("login", name=op.f("uq_people_login")),
    )
    op.create_table(
        "piece_rates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("up_to_g", sa.BigInteger(), nullable=False),
        sa.Column("rate_fen", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "rate_fen > 0 AND up_to_g > 0", name=op.f("ck_piece_rates_rate_positive")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_piece_rates")),
        sa.UniqueConstraint(
            "operation",
            "up_to_g",
            "valid_from",
            name=op.f("uq_piece_rates_operation_up_to_g_valid_from"),
        ),
    )
    op.create_table(
        "products",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title_zh", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.Column("story_zh", sa.String(), nullable=False),
        sa.Column("story_en", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("grade_zh", sa.String(), nullable=False),
        sa.Column("photo", sa.String(), nullable=False),
        sa.Column("storage_zh", sa.String(), nullable=False),
        sa.Column("storage_en", sa.String(), nullable=False),
        sa.Column("label", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("shelf_life_days", sa.Integer(), nullable=False),
        sa.Column("returnable", sa.Boolean(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "form IN ('dry', 'fresh')", name=op.f("ck_products_known_form")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("slug", name=op.f("uq_products_slug")),
    )
    op.create_table(
        "quote_names",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("source_form", sa.String(), nullable=False),
        sa.Column("source_grade", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=True),
        sa.Column("form", sa.String(), nullable=True),
        sa.Column("grade", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(product IS NULL) = (form IS NULL) AND (product IS NULL) = (grade IS NULL)",
            name=op.f("ck_quote_names_whole_or_none"),
        ),
        sa.PrimaryKeyConstraint(
            "source", "name", "source_form", "source_grade", name=op.f("pk_quote_names")
        ),
    )
    op.create_table(
        "quote_fetches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("flagged", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote_fetches")),
    )
    op.create_index(op.f("ix_quote_fetches_at"), "quote_fetches", ["at"], unique=False)
    op.create_table(
        "sent_forms",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sent_forms")),
    )
    op.create_table(
        "streams",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("title_zh", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("starts_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("hold_minutes", sa.Integer(), nullable=False),
        sa.Column("on_air_offer_id", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "on_air_offer_id IS NULL OR state = 'live'",
            name=op.f("ck_streams_on_air_only_live"),
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'live', 'ended')", name=op.f("ck_streams_known_state")
        ),
        sa.CheckConstraint(
            "hold_minutes BETWEEN 1 AND 1440", name=op.f("ck_streams_hold_within_a_day")
        ),
        sa.ForeignKeyConstraint(
            ["id", "on_air_offer_id"],
            ["offers.stream_id", "offers.id"],
            name="on_air_is_own_offer",
            use_alter=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_streams")),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("channel_number", sa.String(), nullable=True),
        sa.Column("stream_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("buyer_name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("phone_ext", sa.String(), nullable=True),
        sa.Column("province", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("street", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("goods_fen", sa.BigInteger(), nullable=False),
        sa.Column("shipping_fen", sa.BigInteger(), nullable=False),
        sa.Column("discount_fen", sa.BigInteger(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=False),
        sa.Column("hold_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("paid_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ship_by", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("request_hash", sa.String(), nullable=True),
        sa.Column("device_hash", sa.String(), nullable=True),
        sa.CheckConstraint(
            "channel IN ('own', 'douyin', 'kuaishou', 'taobao', 'pdd', 'wechat', 'tiktok', 'shopify')",
            name=op.f("ck_orders_known_channel"),
        ),
        sa.CheckConstraint(
            "state <> 'held' OR hold_until IS NOT NULL",
            name=op.f("ck_orders_hold_has_an_end"),
        ),
        sa.CheckConstraint(
            "state IN ('held', 'paid', 'shipped', 'delivered', 'expired', 'cancelled', 'refunded')",
            name=op.f("ck_orders_known_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('paid', 'shipped', 'delivered') OR (paid_at IS NOT NULL AND ship_by IS NOT NULL)",
            name=op.f("ck_orders_paid_has_times"),
        ),
        sa.CheckConstraint(
            "goods_fen >= 0 AND shipping_fen >= 0 AND discount_fen >= 0",
            name=op.f("ck_orders_money_not_negative"),
        ),
        sa.CheckConstraint(
            "refunded_fen BETWEEN 0 AND total_fen",
            name=op.f("ck_orders_refunds_within_total"),
        ),
        sa.CheckConstraint(
            "total_fen = goods_fen + shipping_fen - discount_fen AND total_fen >= 0",
            name=op.f("ck_orders_total_adds_up"),
        ),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["streams.id"], name=op.f("fk_orders_stream_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_orders_idempotency_key")),
        sa.UniqueConstraint("number", name=op.f("uq_orders_number")),
    )
    op.create_index(
        "uq_orders_live_channel_number",
        "orders",
        ["channel", "channel_number"],
        unique=True,
        postgresql_where=sa.text("state <> 'refunded'"),
    )
    op.create_index(
        "ix_orders_lapsing",
        "orders",
        ["hold_until"],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(op.f("ix_orders_phone"), "orders", ["phone"], unique=False)
    op.create_index(
        "ix_orders_paid",
        "orders",
        ["paid_at"],
        unique=False,
        postgresql_where=sa.text("paid_at IS NOT NULL"),
    )
    op.create_index(
        "ix_orders_phone_tail", "orders", [sa.text("right(phone, 4)")], unique=False
    )
    op.create_index(
        "ix_orders_state_created", "orders", ["state", "created_at"], unique=False
    )
    op.create_index(
        "ix_orders_stream_created", "orders", ["stream_id", "created_at"], unique=False
    )
    op.create_table(
        "packers",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("seated", sa.Boolean(), nullable=False),
        sa.Column("one_handed", sa.Boolean(), nullable=False),
        sa.Column("no_lifting", sa.Boolean(), nullable=False),
        sa.Column("low_sight", sa.Boolean(), nullable=False),
        sa.Column("no_reading", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("present_since", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "priority BETWEEN 0 AND 2", name=op.f("ck_packers_priority_0_to_2")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_packers_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_packers")),
    )
    op.create_table(
        "person_roles",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.CheckConstraint(
            "role IN ('owner', 'streamer', 'lead', 'weigher', 'packer')",
            name=op.f("ck_person_roles_known_role"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_person_roles_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", "role", name=op.f("pk_person_roles")),
    )
    op.create_table(
        "settlements",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("farmer_id", sa.BigInteger(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "method IN ('cash', 'bank')", name=op.f("ck_settlements_known_method")
        ),
        sa.CheckConstraint("total_fen > 0", name=op.f("ck_settlements_total_positive")),
        sa.ForeignKeyConstraint(
            ["farmer_id"], ["farmers.id"], name=op.f("fk_settlements_farmer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlements")),
        sa.UniqueConstraint(
            "id", "farmer_id", name=op.f("uq_settlements_id_farmer_id")
        ),
        sa.UniqueConstraint(
            "idempotency_key", name=op.f("uq_settlements_idempotency_key")
        ),
    )
    op.create_index(
        op.f("ix_settlements_farmer_id"), "settlements", ["farmer_id"], unique=False
    )
    op.create_table(
        "sign_ins",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_sign_ins_person_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_ins")),
    )
    op.create_index(
        op.f("ix_sign_ins_person_id"), "sign_ins", ["person_id"], unique=False
    )
    op.create_table(
        "variants",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("spec_zh", sa.String(), nullable=False),
        sa.Column("spec_en", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("net_g", sa.BigInteger(), nullable=False),
        sa.Column("gross_g", sa.BigInteger(), nullable=False),
        sa.Column("sellable", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "NOT sellable OR (unit = 'piece' AND price_fen > 0)",
            name=op.f("ck_variants_sellable_has_price"),
        ),
        sa.CheckConstraint(
            "unit IN ('piece', 'gram')", name=op.f("ck_variants_known_unit")
        ),
        sa.CheckConstraint(
            "net_g > 0 AND gross_g >= net_g",
            name=op.f("ck_variants_weights_make_sense"),
        ),
        sa.CheckConstraint(
            "price_fen >= 0", name=op.f("ck_variants_price_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_variants_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variants")),
        sa.UniqueConstraint("sku", name=op.f("uq_variants_sku")),
    )
    op.create_index(
        op.f("ix_variants_product_id"), "variants", ["product_id"], unique=False
    )
    op.create_table(
        "contracts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("farmer_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("grade", sa.String(), nullable=False),
        sa.Column("season_start", sa.Date(), nullable=False),
        sa.Column("season_end", sa.Date(), nullable=False),
        sa.Column("agreed_g", sa.BigInteger(), nullable=False),
        sa.Column("delivered_g", sa.BigInteger(), nullable=False),
        sa.Column("tolerance_bps", sa.Integer(), nullable=False),
        sa.Column("premium_bps", sa.Integer(), nullable=False),
        sa.Column("floor_fen_per_kg", sa.BigInteger(), nullable=False),
        sa.Column("quote_days", sa.Integer(), nullable=False),
        sa.Column("market", sa.String(), nullable=True),
        sa.Column("standard_moisture_bps", sa.Integer(), nullable=False),
        sa.Column("reject_above_bps", sa.Integer(), nullable=True),
        sa.Column("payment_days", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("farmer_id"), "="),
            (sa.column("product"), "="),
            (sa.column("form"), "="),
            (sa.text("daterange(season_start, season_end, '[]')"), "&&"),
            where=sa.text("active"),
            using="gist",
            name="no_two_overlap",
        ),
        sa.CheckConstraint(
            "agreed_g > 0 AND floor_fen_per_kg >= 0",
            name=op.f("ck_contracts_amounts_positive"),
        ),
        sa.CheckConstraint(
            "delivered_g >= 0 AND delivered_g * 10000 <= agreed_g * (10000 + tolerance_bps)",
            name=op.f("ck_contracts_delivered_within_agreed"),
        ),
        sa.CheckConstraint(
            "payment_days BETWEEN 0 AND 90",
            name=op.f("ck_contracts_payment_days_within_90"),
        ),
        sa.CheckConstraint(
            "premium_bps BETWEEN 1000 AND 1500",
            name=op.f("ck_contracts_premium_10_to_15_percent"),
        ),
        sa.CheckConstraint(
            "quote_days BETWEEN 0 AND 60",
            name=op.f("ck_contracts_quote_days_within_60"),
        ),
        sa.CheckConstraint(
            "reject_above_bps BETWEEN standard_moisture_bps AND 9999",
            name=op.f("ck_contracts_reject_above_standard"),
        ),
        sa.CheckConstraint(
            "season_end >= season_start", name=op.f("ck_contracts_season_in_order")
        ),
        sa.CheckConstraint(
            "standard_moisture_bps BETWEEN 0 AND 9999",
            name=op.f("ck_contracts_moisture_below_whole"),
        ),
        sa.CheckConstraint(
            "tolerance_bps BETWEEN 0 AND 5000",
            name=op.f("ck_contracts_tolerance_within_half"),
        ),
        sa.ForeignKeyConstraint(
            ["farmer_id"], ["farmers.id"], name=op.f("fk_contracts_farmer_id")
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variants.id"], name=op.f("fk_contracts_variant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts")),
        sa.UniqueConstraint(
            "id",
            "farmer_id",
            "variant_id",
            "premium_bps",
            "floor_fen_per_kg",
            "standard_moisture_bps",
            name="uq_contracts_promise",
        ),
    )
    op.create_index(
        op.f("ix_contracts_farmer_id"), "contracts", ["farmer_id"], unique=False
    )
    op.create_table(
        "offers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stream_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("list_price_fen", sa.BigInteger(), nullable=False),
        sa.Column("allotment", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("cap_per_buyer", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("terms_revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'closed')", name=op.f("ck_offers_known_state")
        ),
        sa.CheckConstraint(
            "cap_per_buyer IS NULL OR cap_per_buyer > 0",
            name=op.f("ck_offers_cap_positive"),
        ),
        sa.CheckConstraint(
            "list_price_fen >= price_fen", name=op.f("ck_offers_list_price_not_below")
        ),
        sa.CheckConstraint("price_fen > 0", name=op.f("ck_offers_price_positive")),
        sa.CheckConstraint(
            "taken BETWEEN 0 AND allotment",
            name=op.f("ck_offers_taken_within_allotment"),
        ),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["streams.id"], name=op.f("fk_offers_stream_id")
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variants.id"], name=op.f("fk_offers_variant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sa.UniqueConstraint("stream_id", "id", name=op.f("uq_offers_stream_id_id")),
        sa.UniqueConstraint(
            "stream_id", "variant_id", name=op.f("uq_offers_stream_id_variant_id")
        ),
    )
    op.create_index(
        op.f("ix_offers_variant_id"), "offers", ["variant_id"], unique=False
    )
    op.create_table(
        "order_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("from_state", sa.String(), nullable=True),
        sa.Column("to_state", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_log_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_log")),
    )
    op.create_index(
        op.f("ix_order_log_order_id"), "order_log", ["order_id"], unique=False
    )
    op.create_table(
        "parcels",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=True),
        sa.Column("tracking_number", sa.String(), nullable=True),
        sa.Column("handed_over_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(state = 'handed_over') = (tracking_number IS NOT NULL AND carrier IS NOT NULL AND handed_over_at IS NOT NULL)",
            name=op.f("ck_parcels_handed_over_has_waybill"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'packed', 'handed_over', 'cancelled')",
            name=op.f("ck_parcels_known_state"),
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_parcels_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcels")),
        sa.UniqueConstraint(
            "carrier",
            "tracking_number",
            name=op.f("uq_parcels_carrier_tracking_number"),
        ),
        sa.UniqueConstraint("number", name=op.f("uq_parcels_number")),
        sa.UniqueConstraint(
            "order_id", "sequence", name=op.f("uq_parcels_order_id_sequence")
        ),
    )
    op.create_index(
        "ix_parcels_state_due", "parcels", ["state", "due_at"], unique=False
    )
    op.create_index(
        "ix_parcels_tracking",
        "parcels",
        ["tracking_number"],
        unique=False,
        postgresql_where=sa.text("tracking_number IS NOT NULL"),
    )
    op.create_index(
        "ix_parcels_handed_over",
        "parcels",
        ["handed_over_at"],
        unique=False,
        postgresql_where=sa.text("handed_over_at IS NOT NULL"),
    )
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("duplicate", sa.Boolean(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=True),
        sa.Column("intent_id", sa.String(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("succeeded_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=False),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.CheckConstraint(
            "refunded_fen = 0 OR state = 'succeeded'",
            name=op.f("ck_payments_only_paid_is_refunded"),
        ),
        sa.CheckConstraint(
            "state IN ('opening', 'open', 'under_way', 'succeeded', 'expired')",
            name=op.f("ck_payments_known_state"),
        ),
        sa.CheckConstraint("currency = 'cny'", name=op.f("ck_payments_in_yuan")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payments_amount_positive")),
        sa.CheckConstraint(
            "refunded_fen BETWEEN 0 AND amount_fen",
            name=op.f("ck_payments_refunds_within_paid"),
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_payments_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("intent_id", name=op.f("uq_payments_intent_id")),
        sa.UniqueConstraint("session_id", name=op.f("uq_payments_session_id")),
    )
    op.create_index(
        op.f("ix_payments_order_id"), "payments", ["order_id"], unique=False
    )
    op.create_index(
        "uq_payments_order_live",
        "payments",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('opening', 'open', 'under_way')"),
    )
    op.create_index(
        "uq_payments_order_paid",
        "payments",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text("state = 'succeeded' AND NOT duplicate"),
    )
    op.create_table(
        "stock_levels",
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "held BETWEEN 0 AND on_hand",
            name=op.f("ck_stock_levels_held_within_on_hand"),
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variants.id"], name=op.f("fk_stock_levels_variant_id")
        ),
        sa.PrimaryKeyConstraint("variant_id", name=op.f("pk_stock_levels")),
    )
    op.create_table(
        "stock_movements",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("on_hand_change", sa.BigInteger(), nullable=False),
        sa.Column("held_change", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint(
            "kind = 'received' AND on_hand_change > 0 AND held_change = 0 "
            "OR kind = 'consumed' AND on_hand_change < 0 AND held_change = 0 "
            "OR kind = 'adjusted' AND on_hand_change <> 0 AND held_change = 0 "
            "OR kind = 'held' AND on_hand_change = 0 AND held_change > 0 "
            "OR kind = 'released' AND on_hand_change = 0 AND held_change < 0 "
            "OR kind = 'shipped' AND on_hand_change < 0 AND held_change = on_hand_change",
            name=op.f("ck_stock_movements_kind_moves_its_way"),
        ),
        sa.CheckConstraint(
            "kind <> 'adjusted' OR reason <> ''",
            name=op.f("ck_stock_movements_adjusted_has_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variants.id"], name=op.f("fk_stock_movements_variant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_movements")),
        sa.UniqueConstraint(
            "source",
            "kind",
            "variant_id",
            name=op.f("uq_stock_movements_source_kind_variant_id"),
        ),
    )
    op.create_index(
        "ix_stock_movements_variant_id_id",
        "stock_movements",
        ["variant_id", "id"],
        unique=False,
    )
    op.create_table(
        "air_times",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stream_id", sa.BigInteger(), nullable=False),
        sa.Column("offer_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offers.id"], name=op.f("fk_air_times_offer_id")
        ),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["streams.id"], name=op.f("fk_air_times_stream_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_air_times")),
    )
    op.create_index(
        op.f("ix_air_times_stream_id"), "air_times", ["stream_id"], unique=False
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("farmer_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("gross_g", sa.BigInteger(), nullable=False),
        sa.Column("tare_g", sa.BigInteger(), nullable=False),
        sa.Column("net_g", sa.BigInteger(), nullable=False),
        sa.Column("moisture_bps", sa.Integer(), nullable=False),
        sa.Column("foreign_bps", sa.Integer(), nullable=False),
        sa.Column("grade", sa.String(), nullable=False),
        sa.Column("grade_deduction_bps", sa.Integer(), nullable=False),
        sa.Column("quote_id", sa.BigInteger(), nullable=False),
        sa.Column("quote_fen_per_kg", sa.BigInteger(), nullable=False),
        sa.Column("quote_market", sa.String(), nullable=False),
        sa.Column("quote_source", sa.String(), nullable=False),
        sa.Column("quote_day", sa.Date(), nullable=False),
        sa.Column("premium_bps", sa.Integer(), nullable=False),
        sa.Column("floor_fen_per_kg", sa.BigInteger(), nullable=False),
        sa.Column("standard_moisture_bps", sa.Integer(), nullable=False),
        sa.Column("promised_fen_per_kg", sa.BigInteger(), nullable=False),
        sa.Column("unit_fen_per_kg", sa.BigInteger(), nullable=False),
        sa.Column("settle_g", sa.BigInteger(), nullable=False),
        sa.Column("pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("market_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("has_certificate", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "gross_g > tare_g AND tare_g >= 0 AND net_g = gross_g - tare_g",
            name=op.f("ck_deliveries_net_is_gross_less_tare"),
        ),
        sa.CheckConstraint(
            "market_pay_fen = ((quote_fen_per_kg * (10000 - grade_deduction_bps) + 5000) / 10000 * settle_g + 500) / 1000",
            name=op.f("ck_deliveries_market_pay_adds_up"),
        ),
        sa.CheckConstraint(
            "moisture_bps BETWEEN 0 AND 9999 AND foreign_bps BETWEEN 0 AND 9999 AND standard_moisture_bps BETWEEN 0 AND 9999 AND grade_deduction_bps BETWEEN 0 AND 9999",
            name=op.f("ck_deliveries_rates_below_whole"),
        ),
        sa.CheckConstraint(
            "pay_fen = (unit_fen_per_kg * settle_g + 500) / 1000",
            name=op.f("ck_deliveries_pay_adds_up"),
        ),
        sa.CheckConstraint(
            "premium_bps BETWEEN 1000 AND 1500",
            name=op.f("ck_deliveries_premium_10_to_15_percent"),
        ),
        sa.CheckConstraint(
            "promised_fen_per_kg >= floor_fen_per_kg AND promised_fen_per_kg >= (quote_fen_per_kg * (10000 + premium_bps) + 5000) / 10000",
            name=op.f("ck_deliveries_promise_kept"),
        ),
        sa.CheckConstraint(
            "quote_day <= day AND quote_fen_per_kg > 0",
            name=op.f("ck_deliveries_quote_not_later"),
        ),
        sa.CheckConstraint(
            "settle_g = 10 * ((2 * net_g * (10000 - foreign_bps) * (10000 - GREATEST(moisture_bps, standard_moisture_bps)) + 100000 * (10000 - standard_moisture_bps)) / (200000 * (10000 - standard_moisture_bps)))",
            name=op.f("ck_deliveries_weight_adds_up"),
        ),
        sa.CheckConstraint(
            "unit_fen_per_kg = (promised_fen_per_kg * (10000 - grade_deduction_bps) + 5000) / 10000",
            name=op.f("ck_deliveries_unit_adds_up"),
        ),
        sa.ForeignKeyConstraint(
            [
                "contract_id",
                "farmer_id",
                "variant_id",
                "premium_bps",
                "floor_fen_per_kg",
                "standard_moisture_bps",
            ],
            [
                "contracts.id",
                "contracts.farmer_id",
                "contracts.variant_id",
                "contracts.premium_bps",
                "contracts.floor_fen_per_kg",
                "contracts.standard_moisture_bps",
            ],
            name="fk_deliveries_promise",
        ),
        sa.ForeignKeyConstraint(
            [
                "quote_id",
                "quote_fen_per_kg",
                "quote_market",
                "quote_source",
                "quote_day",
            ],
            [
                "market_quotes.id",
                "market_quotes.fen_per_kg",
                "market_quotes.market",
                "market_quotes.source",
                "market_quotes.day",
            ],
            name="fk_deliveries_quote",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("id", "farmer_id", "pay_fen", name="uq_deliveries_owed"),
        sa.UniqueConstraint("id", "variant_id", "net_g", name="uq_deliveries_received"),
        sa.UniqueConstraint(
            "idempotency_key", name=op.f("uq_deliveries_idempotency_key")
        ),
    )
    op.create_index(
        op.f("ix_deliveries_contract_id"), "deliveries", ["contract_id"], unique=False
    )
    op.create_index("ix_deliveries_day", "deliveries", ["day", "id"], unique=False)
    op.create_index(
        op.f("ix_deliveries_farmer_id"), "deliveries", ["farmer_id"], unique=False
    )
    op.create_table(
        "order_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("offer_id", sa.BigInteger(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_fen", sa.BigInteger(), nullable=False),
        sa.Column("line_total_fen", sa.BigInteger(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("spec", sa.String(), nullable=False),
        sa.CheckConstraint(
            "line_total_fen = quantity * unit_price_fen",
            name=op.f("ck_order_lines_line_adds_up"),
        ),
        sa.CheckConstraint(
            "quantity > 0 AND unit_price_fen >= 0",
            name=op.f("ck_order_lines_quantity_and_price"),
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offers.id"], name=op.f("fk_order_lines_offer_id")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_lines_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variants.id"], name=op.f("fk_order_lines_variant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_lines")),
        sa.UniqueConstraint(
            "order_id", "position", name=op.f("uq_order_lines_order_id_position")
        ),
    )
    op.create_index(
        op.f("ix_order_lines_offer_id"), "order_lines", ["offer_id"], unique=False
    )
    op.create_table(
        "packing_tasks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("needs", sa.String(), nullable=False),
        sa.Column("mix", sa.String(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("packer_id", sa.BigInteger(), nullable=True),
        sa.Column("taken_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("rate_fen", sa.BigInteger(), nullable=True),
        sa.Column("packed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("batch", sa.Uuid(), nullable=True),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.Column("rests_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("put_back_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state <> 'packed' OR packed_at IS NOT NULL",
            name=op.f("ck_packing_tasks_packed_has_time"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'taken', 'packed', 'stopped')",
            name=op.f("ck_packing_tasks_known_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('taken', 'packed') OR (packer_id IS NOT NULL AND taken_at IS NOT NULL AND rate_fen IS NOT NULL)",
            name=op.f("ck_packing_tasks_taken_has_packer_and_rate"),
        ),
        sa.ForeignKeyConstraint(
            ["packer_id"], ["people.id"], name=op.f("fk_packing_tasks_packer_id")
        ),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["parcels.id"], name=op.f("fk_packing_tasks_parcel_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packing_tasks")),
        sa.UniqueConstraint("parcel_id", name=op.f("uq_packing_tasks_parcel_id")),
    )
    op.create_index("ix_packing_tasks_batch", "packing_tasks", ["batch"], unique=False)
    op.create_index(
        "ix_packing_tasks_to_put_back",
        "packing_tasks",
        ["packer_id"],
        unique=False,
        postgresql_where=sa.text(
            "state = 'stopped' AND packed_at IS NULL AND put_back_at IS NULL"
        ),
    )
    op.create_index(
        "ix_packing_tasks_in_hand",
        "packing_tasks",
        ["packer_id"],
        unique=False,
        postgresql_where=sa.text("state = 'taken'"),
    )
    op.create_index(
        "ix_packing_tasks_waiting",
        "packing_tasks",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "payment_notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_payment_notes_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_payment_notes_payment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_notes")),
        sa.UniqueConstraint(
            "payment_id",
            "kind",
            "reference",
            name=op.f("uq_payment_notes_payment_id_kind_reference"),
        ),
    )
    op.create_index(
        op.f("ix_payment_notes_order_id"), "payment_notes", ["order_id"], unique=False
    )
    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=True),
        sa.Column("requested_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("finished_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('requested', 'pending', 'succeeded', 'failed')",
            name=op.f("ck_refunds_known_state"),
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_refunds_amount_positive")),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_refunds_stripe_id")),
    )
    op.create_index(
        op.f("ix_refunds_payment_id"), "refunds", ["payment_id"], unique=False
    )
    op.create_table(
        "slip_prints",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("copy", sa.Integer(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint(
            "copy = 1 OR reason <> ''", name=op.f("ck_slip_prints_reprint_has_reason")
        ),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["parcels.id"], name=op.f("fk_slip_prints_parcel_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slip_prints")),
        sa.UniqueConstraint(
            "parcel_id", "copy", name=op.f("uq_slip_prints_parcel_id_copy")
        ),
    )
    op.create_index("ix_slip_prints_at", "slip_prints", ["at"], unique=False)
    op.create_index(
        "ix_slip_prints_again",
        "slip_prints",
        ["id"],
        unique=False,
        postgresql_where=sa.text("copy > 1"),
    )
    op.create_table(
        "deliveries_taken_back",
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.id"],
            name=op.f("fk_deliveries_taken_back_delivery_id"),
        ),
        sa.PrimaryKeyConstraint(
            "delivery_id", name=op.f("pk_deliveries_taken_back")
        ),
    )
    op.create_table(
        "lots",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("received_g", sa.BigInteger(), nullable=False),
        sa.Column("used_g", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "used_g BETWEEN 0 AND received_g", name=op.f("ck_lots_used_within_received")
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id", "variant_id", "received_g"],
            ["deliveries.id", "deliveries.variant_id", "deliveries.net_g"],
            name="fk_lots_received",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lots")),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_lots_delivery_id")),
        sa.UniqueConstraint("number", name=op.f("uq_lots_number")),
    )
    op.create_index(op.f("ix_lots_variant_id"), "lots", ["variant_id"], unique=False)
    op.create_table(
        "parcel_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("order_line_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("spec", sa.String(), nullable=False),
        sa.Column("photo", sa.String(), nullable=False),
        sa.CheckConstraint(
            "quantity > 0", name=op.f("ck_parcel_lines_quantity_positive")
        ),
        sa.ForeignKeyConstraint(
            ["order_line_id"],
            ["order_lines.id"],
            name=op.f("fk_parcel_lines_order_line_id"),
        ),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["parcels.id"], name=op.f("fk_parcel_lines_parcel_id")
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variants.id"], name=op.f("fk_parcel_lines_variant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel_lines")),
        sa.UniqueConstraint(
            "parcel_id",
            "order_line_id",
            name=op.f("uq_parcel_lines_parcel_id_order_line_id"),
        ),
    )
    op.create_table(
        "payables",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("farmer_id", sa.BigInteger(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payables_amount_positive")),
        sa.ForeignKeyConstraint(
            ["delivery_id", "farmer_id", "amount_fen"],
            ["deliveries.id", "deliveries.farmer_id", "deliveries.pay_fen"],
            name="fk_payables_owed",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payables")),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_payables_delivery_id")),
        sa.UniqueConstraint("id", "farmer_id", "amount_fen", name="uq_payables_owed"),
    )
    op.create_index(
        op.f("ix_payables_farmer_id"), "payables", ["farmer_id"], unique=False
    )
    op.create_table(
        "task_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("from_state", sa.String(), nullable=True),
        sa.Column("to_state", sa.String(), nullable=False),
        sa.Column("packer_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["packing_tasks.id"], name=op.f("fk_task_log_task_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_log")),
    )
    op.create_index(op.f("ix_task_log_task_id"), "task_log", ["task_id"], unique=False)
    op.create_table(
        "wage_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("packer_id", sa.BigInteger(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("rate_fen", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("earned_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'piece' AND amount_fen = rate_fen) OR (kind = 'reversal' AND amount_fen = -rate_fen)",
            name=op.f("ck_wage_entries_amount_is_rate"),
        ),
        sa.CheckConstraint(
            "(kind = 'piece') = (reverses_id IS NULL)",
            name=op.f("ck_wage_entries_reversal_names_its_entry"),
        ),
        sa.CheckConstraint(
            "kind IN ('piece', 'reversal')", name=op.f("ck_wage_entries_known_kind")
        ),
        sa.CheckConstraint(
            "rate_fen > 0 AND round > 0", name=op.f("ck_wage_entries_rate_positive")
        ),
        sa.ForeignKeyConstraint(
            ["packer_id"], ["people.id"], name=op.f("fk_wage_entries_packer_id")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id", "packer_id", "task_id", "round", "rate_fen"],
            [
                "wage_entries.id",
                "wage_entries.packer_id",
                "wage_entries.task_id",
                "wage_entries.round",
                "wage_entries.rate_fen",
            ],
            name=op.f("fk_wage_entries_reverses_id"),
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["packing_tasks.id"], name=op.f("fk_wage_entries_task_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wage_entries")),
        sa.UniqueConstraint(
            "id",
            "packer_id",
            "task_id",
            "round",
            "rate_fen",
            name=op.f("uq_wage_entries_same"),
        ),
    )
    op.create_index(
        "ix_wage_entries_packer_id_id",
        "wage_entries",
        ["packer_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_wage_entries_earned", "wage_entries", ["earned_at"], unique=False
    )
    op.create_index(
        "ix_wage_entries_packer_earned",
        "wage_entries",
        ["packer_id", "earned_at"],
        unique=False,
    )
    op.create_index(
        "uq_wage_entries_reverses", "wage_entries", ["reverses_id"], unique=True
    )
    op.create_index(
        "uq_wage_entries_task_piece",
        "wage_entries",
        ["task_id", "round"],
        unique=True,
        postgresql_where=sa.text("kind = 'piece'"),
    )
    op.create_table(
        "baggings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("bags", sa.Integer(), nullable=False),
        sa.Column("used_g", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "bags > 0 AND used_g > 0", name=op.f("ck_baggings_amounts_positive")
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lots.id"], name=op.f("fk_baggings_lot_id")
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variants.id"], name=op.f("fk_baggings_variant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_baggings")),
        sa.UniqueConstraint(
            "idempotency_key", name=op.f("uq_baggings_idempotency_key")
        ),
    )
    op.create_index(op.f("ix_baggings_lot_id"), "baggings", ["lot_id"], unique=False)
    op.create_table(
        "settlement_lines",
        sa.Column("payable_id", sa.BigInteger(), nullable=False),
        sa.Column("settlement_id", sa.BigInteger(), nullable=True),
        sa.Column("farmer_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["payable_id", "farmer_id", "amount_fen"],
            ["payables.id", "payables.farmer_id", "payables.amount_fen"],
            name="fk_settlement_lines_owed",
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id", "farmer_id"],
            ["settlements.id", "settlements.farmer_id"],
            name="fk_settlement_lines_paid_to",
        ),
        sa.PrimaryKeyConstraint("payable_id", name=op.f("pk_settlement_lines")),
    )
    op.create_index(
        op.f("ix_settlement_lines_settlement_id"),
        "settlement_lines",
        ["settlement_id"],
        unique=False,
    )
    op.create_foreign_key(
        "on_air_is_own_offer",
        "streams",
        "offers",
        ["id", "on_air_offer_id"],
        ["stream_id", "id"],
    )
    op.create_table('file_imports',
        sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column('channel', sa.String(), nullable=False),
        sa.Column('file_name', sa.String(), nullable=False),
        sa.Column('sha256', sa.String(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('content', sa.LargeBinary(), nullable=True),
        sa.Column('detail', sa.LargeBinary(), nullable=True),
        sa.Column('outcome', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column('unknown_columns', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column('person_id', sa.BigInteger(), nullable=True),
        sa.Column('by', sa.String(), nullable=False),
        sa.Column('at', sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column('done_at', sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('looked_at', 'queued') OR (content IS NULL AND detail IS NULL)", name=op.f('ck_file_imports_bytes_go')),
        sa.CheckConstraint("state IN ('looked_at', 'queued', 'under_way', 'done', 'left')", name=op.f('ck_file_imports_known_state')),
        sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_file_imports_person_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_file_imports'))
    )
    op.create_index('ix_file_imports_at', 'file_imports', ['at'], unique=False)
    op.create_table('channel_orders',
        sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column('channel', sa.String(), nullable=False),
        sa.Column('channel_number', sa.String(), nullable=False),
        sa.Column('status', sa.String(), nullable=False),
        sa.Column('refund', sa.String(), nullable=False),
        sa.Column('words', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column('items', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column('goods_fen', sa.BigInteger(), nullable=False),
        sa.Column('discount_fen', sa.BigInteger(), nullable=False),
        sa.Column('freight_fen', sa.BigInteger(), nullable=False),
        sa.Column('paid_fen', sa.BigInteger(), nullable=False),
        sa.Column('refund_fen', sa.BigInteger(), nullable=True),
        sa.Column('total_fen', sa.BigInteger(), nullable=True),
        sa.Column('created_at', sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column('paid_at', sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column('ship_by', sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column('carrier', sa.String(), nullable=False),
        sa.Column('tracking', sa.String(), nullable=False),
        sa.Column('anchor', sa.String(), nullable=False),
        sa.Column('buyer_name', sa.String(), nullable=False),
        sa.Column('phone', sa.String(), nullable=False),
        sa.Column('phone_ext', sa.String(), nullable=True),
        sa.Column('province', sa.String(), nullable=False),
        sa.Column('city', sa.String(), nullable=False),
        sa.Column('district', sa.String(), nullable=False),
        sa.Column('street', sa.String(), nullable=False),
        sa.Column('detail', sa.String(), nullable=False),
        sa.Column('zip_code', sa.String(), nullable=False),
        sa.Column('masked', sa.Boolean(), nullable=False),
        sa.Column('encrypted', sa.Boolean(), nullable=False),
        sa.Column('buyer_note', sa.String(), nullable=False),
        sa.Column('seller_note', sa.String(), nullable=False),
        sa.Column('standing', sa.String(), nullable=False),
        sa.Column('reason', sa.String(), nullable=True),
        sa.Column('reason_detail', sa.String(), nullable=False),
        sa.Column('notice', sa.String(), nullable=True),
        sa.Column('approved_at', sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column('order_id', sa.Uuid(), nullable=True),
        sa.Column('first_import_id', sa.BigInteger(), nullable=False),
        sa.Column('first_seen_at', sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column('changed_at', sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("(standing = 'waiting') = (reason IS NOT NULL)", name=op.f('ck_channel_orders_waiting_has_reason')),
        sa.CheckConstraint("channel IN ('douyin', 'kuaishou', 'taobao', 'pdd', 'wechat', 'tiktok', 'shopify')", name=op.f('ck_channel_orders_known_channel')),
        sa.CheckConstraint("refund IN ('none', 'applying', 'refunding', 'refunded', 'partial_refunded', 'closed', 'unknown')", name=op.f('ck_channel_orders_known_refund')),
        sa.CheckConstraint("standing IN ('resting', 'waiting', 'accepted', 'stopped')", name=op.f('ck_channel_orders_known_standing')),
        sa.CheckConstraint("standing NOT IN ('accepted', 'stopped') OR order_id IS NOT NULL", name=op.f('ck_channel_orders_accepted_has_order')),
        sa.CheckConstraint("status IN ('unpaid', 'to_ship', 'part_shipped', 'shipped', 'done', 'closed', 'gift_pending', 'unknown')", name=op.f('ck_channel_orders_known_status')),
        sa.CheckConstraint('goods_fen >= 0 AND discount_fen >= 0 AND freight_fen >= 0 AND paid_fen >= 0', name=op.f('ck_channel_orders_money_not_negative')),
        sa.ForeignKeyConstraint(['first_import_id'], ['file_imports.id'], name=op.f('fk_channel_orders_first_import_id')),
        sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_channel_orders_order_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_channel_orders')),
        sa.UniqueConstraint('channel', 'channel_number', name=op.f('uq_channel_orders_channel_channel_number')),
        sa.UniqueConstraint('order_id', name=op.f('uq_channel_orders_order_id'))
    )
    op.create_index('ix_channel_orders_channel_created', 'channel_orders', ['channel', 'created_at'], unique=False)
    op.create_index(op.f('ix_channel_orders_first_import_id'), 'channel_orders', ['first_import_id'], unique=False)
    op.create_index('ix_channel_orders_noticed', 'channel_orders', ['id'], unique=False, postgresql_where=sa.text('notice IS NOT NULL'))
    op.create_index('ix_channel_orders_waiting', 'channel_orders', ['id'], unique=False, postgresql_where=sa.text("standing = 'waiting'"))
    for table in APPEND_ONLY:
        op.execute(append_only_sql(table))
    for sql in (KEEP_AN_OWNER_SQL, *OWNER_TRIGGERS_SQL):
        op.execute(sql)


def downgrade() -> None:
    op.drop_index('ix_channel_orders_waiting', table_name='channel_orders', postgresql_where=sa.text("standing = 'waiting'"))
    op.drop_index('ix_channel_orders_noticed', table_name='channel_orders', postgresql_where=sa.text('notice IS NOT NULL'))
    op.drop_index(op.f('ix_channel_orders_first_import_id'), table_name='channel_orders')
    op.drop_index('ix_channel_orders_channel_created', table_name='channel_orders')
    op.drop_table('channel_orders')
    op.drop_index('ix_file_imports_at', table_name='file_imports')
    op.drop_table('file_imports')
    op.drop_constraint("on_air_is_own_offer", "streams", type_="foreignkey")
    op.drop_index(
        op.f("ix_settlement_lines_settlement_id"), table_name="settlement_lines"
    )
    op.drop_table("settlement_lines")
    op.drop_index(op.f("ix_baggings_lot_id"), table_name="baggings")
    op.drop_table("baggings")
    op.drop_index(
        "uq_wage_entries_task_piece",
        table_name="wage_entries",
        postgresql_where=sa.text("kind = 'piece'"),
    )
    op.drop_index("uq_wage_entries_reverses", table_name="wage_entries")
    op.drop_index("ix_wage_entries_packer_earned", table_name="wage_entries")
    op.drop_index("ix_wage_entries_earned", table_name="wage_entries")
    op.drop_index("ix_wage_entries_packer_id_id", table_name="wage_entries")
    op.drop_table("wage_entries")
    op.drop_index(op.f("ix_task_log_task_id"), table_name="task_log")
    op.drop_table("task_log")
    op.drop_index(op.f("ix_payables_farmer_id"), table_name="payables")
    op.drop_table("payables")
    op.drop_table("parcel_lines")
    op.drop_index(op.f("ix_lots_variant_id"), table_name="lots")
    op.drop_table("lots")
    op.drop_table("deliveries_taken_back")
    op.drop_index(
        "ix_slip_prints_again",
        table_name="slip_prints",
        postgresql_where=sa.text("copy > 1"),
    )
    op.drop_index("ix_slip_prints_at", table_name="slip_prints")
    op.drop_table("slip_prints")
    op.drop_index(op.f("ix_refunds_payment_id"), table_name="refunds")
    op.drop_table("refunds")
    op.drop_index(op.f("ix_payment_notes_order_id"), table_name="payment_notes")
    op.drop_table("payment_notes")
    op.drop_index(
        "ix_packing_tasks_waiting",
        table_name="packing_tasks",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.drop_index("ix_packing_tasks_batch", table_name="packing_tasks")
    op.drop_index(
        "ix_packing_tasks_to_put_back",
        table_name="packing_tasks",
        postgresql_where=sa.text(
            "state = 'stopped' AND packed_at IS NULL AND put_back_at IS NULL"
        ),
    )
    op.drop_index(
        "ix_packing_tasks_in_hand",
        table_name="packing_tasks",
        postgresql_where=sa.text("state = 'taken'"),
    )
    op.drop_table("packing_tasks")
    op.drop_index(op.f("ix_order_lines_offer_id"), table_name="order_lines")
    op.drop_table("order_lines")
    op.drop_index(op.f("ix_deliveries_farmer_id"), table_name="deliveries")
    op.drop_index("ix_deliveries_day", table_name="deliveries")
    op.drop_index(op.f("ix_deliveries_contract_id"), table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_index(op.f("ix_air_times_stream_id"), table_name="air_times")
    op.drop_table("air_times")
    op.drop_index("ix_stock_movements_variant_id_id", table_name="stock_movements")
    op.drop_table("stock_movements")
    op.drop_table("stock_levels")
    op.drop_index(
        "uq_payments_order_paid",
        table_name="payments",
        postgresql_where=sa.text("state = 'succeeded' AND NOT duplicate"),
    )
    op.drop_index(
        "uq_payments_order_live",
        table_name="payments",
        postgresql_where=sa.text("state IN ('opening', 'open', 'under_way')"),
    )
    op.drop_index(op.f("ix_payments_order_id"), table_name="payments")
    op.drop_table("payments")
    op.drop_index(
        "ix_parcels_tracking",
        table_name="parcels",
        postgresql_where=sa.text("tracking_number IS NOT NULL"),
    )
    op.drop_index(
        "ix_parcels_handed_over",
        table_name="parcels",
        postgresql_where=sa.text("handed_over_at IS NOT NULL"),
    )
    op.drop_index("ix_parcels_state_due", table_name="parcels")
    op.drop_table("parcels")
    op.drop_index(op.f("ix_order_log_order_id"), table_name="order_log")
    op.drop_table("order_log")
    op.drop_index(op.f("ix_offers_variant_id"), table_name="offers")
    op.drop_table("offers")
    op.drop_index(op.f("ix_contracts_farmer_id"), table_name="contracts")
    op.drop_table("contracts")
    op.drop_index(op.f("ix_variants_product_id"), table_name="variants")
    op.drop_table("variants")
    op.drop_index(op.f("ix_sign_ins_person_id"), table_name="sign_ins")
    op.drop_table("sign_ins")
    op.drop_index(op.f("ix_settlements_farmer_id"), table_name="settlements")
    op.drop_table("settlements")
    op.drop_table("person_roles")
    op.drop_table("packers")
    op.drop_index("ix_orders_stream_created", table_name="orders")
    op.drop_index("ix_orders_state_created", table_name="orders")
    op.drop_index("ix_orders_phone_tail", table_name="orders")
    op.drop_index(
        "ix_orders_paid",
        table_name="orders",
        postgresql_where=sa.text("paid_at IS NOT NULL"),
    )
    op.drop_index(op.f("ix_orders_phone"), table_name="orders")
    op.drop_index(
        "uq_orders_live_channel_number",
        table_name="orders",
        postgresql_where=sa.text("state <> 'refunded'"),
    )
    op.drop_index(
        "ix_orders_lapsing",
        table_name="orders",
        postgresql_where=sa.text("state = 'held'"),
    )
    op.drop_table("orders")
    op.drop_table("streams")
    op.drop_table("sent_forms")
    op.drop_index(op.f("ix_quote_fetches_at"), table_name="quote_fetches")
    op.drop_table("quote_fetches")
    op.drop_table("quote_names")
    op.drop_table("products")
    op.drop_table("piece_rates")
    op.drop_table("people")
    op.drop_index(
        "ix_payment_events_waiting",
        table_name="payment_events",
        postgresql_where=sa.text("applied_at IS NULL"),
    )
    op.drop_table("payment_events")
    op.drop_index(
        "uq_market_quotes_accepted",
        table_name="market_quotes",
        postgresql_where=sa.text("state = 'accepted'"),
    )
    op.drop_index(
        "ix_market_quotes_held",
        table_name="market_quotes",
        postgresql_where=sa.text("state = 'held'"),
    )
    op.drop_index("ix_market_quotes_day", table_name="market_quotes")
    op.drop_table("market_quotes")
    op.drop_table("limit_counts")
    op.drop_index(
        "uq_jobs_key_open",
        table_name="jobs",
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.drop_index(
        "ix_jobs_due",
        table_name="jobs",
        postgresql_where=sa.text("done_at IS NULL AND given_up_at IS NULL"),
    )
    op.drop_table("jobs")
    op.drop_table("heartbeats")
    op.drop_table("tallies")
    op.drop_index("ix_care_runs_kind_at", table_name="care_runs")
    op.drop_table("care_runs")
    op.drop_table("grades")
    op.drop_table("farmers")
    op.drop_index("ix_audit_entries_subject_at", table_name="audit_entries")
    op.drop_index(op.f("ix_audit_entries_at"), table_name="audit_entries")
    op.drop_table("audit_entries")
    op.execute("DROP FUNCTION refuse_change()")
    op.execute("DROP FUNCTION keep_an_owner()")
