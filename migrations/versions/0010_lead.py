"""The lead's board: notes to people, trainings, kept work, sample checks, days closed, contests.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kernel.db import append_only_sql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("prize", sa.String(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("settled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("measure IN ('careful', 'steady', 'better')", name=op.f("ck_contests_known_measure")),
        sa.CheckConstraint(
            "ends_on >= begins_on AND ends_on - begins_on <= 92", name=op.f("ck_contests_days_in_order")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contests")),
    )
    op.create_table(
        "day_closes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("done", postgresql.JSONB(), nullable=False),
        sa.Column("left", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.CheckConstraint("round >= 1", name=op.f("ck_day_closes_round_counts_from_1")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_day_closes")),
        sa.UniqueConstraint("day", "round", name=op.f("uq_day_closes_day_round")),
    )
    op.create_table(
        "training_topics",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("title_zh", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.Column("repeat_months", sa.Integer(), nullable=True),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.CheckConstraint("repeat_months BETWEEN 1 AND 60", name=op.f("ck_training_topics_repeats_within_five_years")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_topics")),
        sa.UniqueConstraint("title_zh", name=op.f("uq_training_topics_title_zh")),
    )
    op.create_table(
        "contest_entries",
        sa.Column("contest_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("joined_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("left_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["contest_id"], ["contests.id"], name=op.f("fk_contest_entries_contest_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_contest_entries_person_id")),
        sa.PrimaryKeyConstraint("contest_id", "person_id", name=op.f("pk_contest_entries")),
    )
    op.create_table(
        "contest_results",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("contest_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("shown_name", sa.String(), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("place BETWEEN 1 AND 3", name=op.f("ck_contest_results_place_1_to_3")),
        sa.ForeignKeyConstraint(["contest_id"], ["contests.id"], name=op.f("fk_contest_results_contest_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_contest_results_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest_results")),
        sa.UniqueConstraint("contest_id", "person_id", name=op.f("uq_contest_results_contest_id_person_id")),
    )
    op.create_table(
        "crew_notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("seen_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('taken_back', 'given', 'not_given', 'sample_ok', 'sample_mend')",
            name=op.f("ck_crew_notes_known_kind"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_crew_notes_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crew_notes")),
    )
    op.create_index(
        "ix_crew_notes_unseen", "crew_notes", ["person_id", "id"], postgresql_where=sa.text("seen_at IS NULL")
    )
    op.create_table(
        "trainings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("topic_id", sa.BigInteger(), nullable=False),
        sa.Column("trained_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("taken_back_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("due_on > trained_on", name=op.f("ck_trainings_due_after_training")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_trainings_person_id")),
        sa.ForeignKeyConstraint(["topic_id"], ["training_topics.id"], name=op.f("fk_trainings_topic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trainings")),
    )
    op.create_index(
        "uq_trainings_day",
        "trainings",
        ["person_id", "topic_id", "trained_on"],
        unique=True,
        postgresql_where=sa.text("taken_back_at IS NULL"),
    )
    op.create_table(
        "sample_checks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("parcel_id", sa.BigInteger(), nullable=False),
        sa.Column("packer_id", sa.BigInteger(), nullable=False),
        sa.Column("packed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("chosen_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("chosen_how", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("right_goods", sa.Boolean(), nullable=True),
        sa.Column("right_count", sa.Boolean(), nullable=True),
        sa.Column("label_good", sa.Boolean(), nullable=True),
        sa.Column("closed_well", sa.Boolean(), nullable=True),
        sa.Column("kind_word", sa.String(), nullable=False),
        sa.Column("checked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("checked_by", sa.String(), nullable=True),
        sa.CheckConstraint("chosen_how IN ('fair', 'lead')", name=op.f("ck_sample_checks_chosen_in_a_known_way")),
        sa.CheckConstraint("state IN ('due', 'ok', 'mend', 'dropped')", name=op.f("ck_sample_checks_known_state")),
        sa.CheckConstraint(
            "state NOT IN ('ok', 'mend') OR (right_goods IS NOT NULL AND right_count IS NOT NULL AND label_good IS NOT NULL AND closed_well IS NOT NULL AND checked_at IS NOT NULL AND checked_by IS NOT NULL)",
            name=op.f("ck_sample_checks_checked_has_answers"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('ok', 'mend') OR (state = 'ok') = (right_goods AND right_count AND label_good AND closed_well)",
            name=op.f("ck_sample_checks_ok_when_all_is_right"),
        ),
        sa.ForeignKeyConstraint(["packer_id"], ["people.id"], name=op.f("fk_sample_checks_packer_id")),
        sa.ForeignKeyConstraint(["parcel_id"], ["parcels.id"], name=op.f("fk_sample_checks_parcel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_checks")),
        sa.UniqueConstraint("parcel_id", name=op.f("uq_sample_checks_parcel_id")),
    )
    op.create_index("ix_sample_checks_due", "sample_checks", ["id"], postgresql_where=sa.text("state = 'due'"))
    op.create_index("ix_sample_checks_packer_chosen", "sample_checks", ["packer_id", "chosen_at"])
    op.create_table(
        "sample_photos",
        sa.Column("check_id", sa.BigInteger(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(jpeg) BETWEEN 1 AND 600000", name=op.f("ck_sample_photos_size_bounded")),
        sa.CheckConstraint(
            "width BETWEEN 1 AND 1600 AND height BETWEEN 1 AND 1600", name=op.f("ck_sample_photos_pixels_bounded")
        ),
        sa.ForeignKeyConstraint(["check_id"], ["sample_checks.id"], name=op.f("fk_sample_photos_check_id")),
        sa.PrimaryKeyConstraint("check_id", name=op.f("pk_sample_photos")),
    )
    op.create_index(op.f("ix_sample_photos_at"), "sample_photos", ["at"])
    op.create_table(
        "task_pins",
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_task_pins_person_id")),
        sa.ForeignKeyConstraint(["task_id"], ["packing_tasks.id"], name=op.f("fk_task_pins_task_id")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_task_pins")),
    )
    op.create_index(op.f("ix_task_pins_person_id"), "task_pins", ["person_id"])
    op.create_index(
        "ix_packing_tasks_to_unpack",
        "packing_tasks",
        ["id"],
        postgresql_where=sa.text("state = 'stopped' AND packed_at IS NOT NULL AND put_back_at IS NULL"),
    )
    for ledger in ("day_closes", "contest_results"):
        op.execute(append_only_sql(ledger))
    # Boxes that were stopped on other days have long been unpacked: nobody must look for them now.
    op.execute(
        "UPDATE packing_tasks SET put_back_at = packed_at WHERE state = 'stopped' AND packed_at IS NOT NULL AND put_back_at IS NULL"
    )


def downgrade() -> None:
    op.execute("UPDATE packing_tasks SET put_back_at = NULL WHERE state = 'stopped' AND packed_at IS NOT NULL")
    op.drop_index(
        "ix_packing_tasks_to_unpack",
        table_name="packing_tasks",
        postgresql_where=sa.text("state = 'stopped' AND packed_at IS NOT NULL AND put_back_at IS NULL"),
    )
    op.drop_index(op.f("ix_task_pins_person_id"), table_name="task_pins")
    op.drop_table("task_pins")
    op.drop_index(op.f("ix_sample_photos_at"), table_name="sample_photos")
    op.drop_table("sample_photos")
    op.drop_index("ix_sample_checks_packer_chosen", table_name="sample_checks")
    op.drop_index("ix_sample_checks_due", table_name="sample_checks", postgresql_where=sa.text("state = 'due'"))
    op.drop_table("sample_checks")
    op.drop_index("uq_trainings_day", table_name="trainings", postgresql_where=sa.text("taken_back_at IS NULL"))
    op.drop_table("trainings")
    op.drop_index("ix_crew_notes_unseen", table_name="crew_notes", postgresql_where=sa.text("seen_at IS NULL"))
    op.drop_table("crew_notes")
    op.drop_table("contest_results")
    op.drop_table("contest_entries")
    op.drop_table("training_topics")
    op.drop_table("day_closes")
    op.drop_table("contests")
