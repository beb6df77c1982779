"""Tables of people, roles and sign-ins."""

from datetime import datetime

from sqlalchemy import DDL, BigInteger, CheckConstraint, ForeignKey, SmallInteger, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, BigId, UtcTime
from kernel.people.rules import ROLES, TEXT_SIZES_PX

_ROLE_LIST = ", ".join(f"'{role}'" for role in ROLES)


class Person(Base):
    """Somebody who works here. ``shown_name`` is what buyers may see, as the person chose.

    What a device was given before ``sign_ins_ended_at`` (a sign-in, a pass for its queue) opens nothing any more.
    """

    __tablename__ = "people"

    id: Mapped[BigId]
    name: Mapped[str]
    shown_name: Mapped[str]
    login: Mapped[str | None] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    pin_hash: Mapped[str | None]
    badge_hash: Mapped[str | None] = mapped_column(unique=True)
    language: Mapped[str] = mapped_column(default="zh")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[UtcTime]
    sign_ins_ended_at: Mapped[datetime | None]

    role_rows: Mapped[list["PersonRole"]] = relationship(lazy="selectin", cascade="all, delete-orphan")

    @property
    def roles(self) -> set[str]:
        """The roles held now."""
        return {row.role for row in self.role_rows}


class PersonRole(Base):
    """A role that a person holds."""

    __tablename__ = "person_roles"
    __table_args__ = (CheckConstraint(f"role IN ({_ROLE_LIST})", name="known_role"),)

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)


class PersonChoice(Base):
    """How a person likes the bench's pages; ``reads_aloud`` is empty until chosen."""

    __tablename__ = "person_choices"
    __table_args__ = (CheckConstraint(f"text_px IN {TEXT_SIZES_PX}", name="known_text_size"),)

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"), primary_key=True)
    text_px: Mapped[int] = mapped_column(SmallInteger, server_default=str(TEXT_SIZES_PX[0]))
    reads_aloud: Mapped[bool | None]


class SignIn(Base):
    """A signed-in device: only the hash of its token is kept, so a copy of the table opens nothing."""

    __tablename__ = "sign_ins"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"), index=True)
    created_at: Mapped[UtcTime]
    expires_at: Mapped[UtcTime]
    ended_at: Mapped[datetime | None]


# Checked at commit, one transaction at a time, so that two owners who let each other go at once cannot both succeed.
# An installation that never had an owner is left alone.
KEEP_AN_OWNER_SQL = """
CREATE OR REPLACE FUNCTION keep_an_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('gongfang: owners'));
  IF TG_TABLE_NAME = 'people' THEN
    IF NOT EXISTS (SELECT 1 FROM person_roles WHERE person_id = OLD.id AND role = 'owner') THEN
      RETURN NULL;
    END IF;
  END IF;
  IF NOT EXISTS (
    SELECT 1 FROM people p JOIN person_roles r ON r.person_id = p.id WHERE p.active AND r.role = 'owner'
  ) THEN
    RAISE EXCEPTION 'the last owner stays' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""
OWNER_TRIGGERS_SQL = (
    """
CREATE CONSTRAINT TRIGGER people_keep_an_owner AFTER UPDATE OF active ON people DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (OLD.active AND NOT NEW.active) EXECUTE FUNCTION keep_an_owner()
""",
    """
CREATE CONSTRAINT TRIGGER person_roles_keep_an_owner AFTER DELETE OR UPDATE ON person_roles DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (OLD.role = 'owner') EXECUTE FUNCTION keep_an_owner()
""",
)

for _sql in (KEEP_AN_OWNER_SQL, *OWNER_TRIGGERS_SQL):
    event.listen(Base.metadata.tables["person_roles"], "after_create", DDL(_sql))  # type: ignore[no-untyped-call]
