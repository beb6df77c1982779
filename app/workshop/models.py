"""The table of what the workshop calls itself: one row at most."""

from sqlalchemy import CheckConstraint, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, UtcTime

THE_ONLY = 1
LONGEST_NAME, LONGEST_WORDS = 30, 200


class Workshop(Base):
    """How the workshop is called and where its parcels come from. What is empty is taken from the settings.

    ``version`` counts changes, so that two who write at once notice. ``is_demo`` marks a database that holds the demo.
    """

    __tablename__ = "workshop"
    __table_args__ = (
        CheckConstraint(f"id = {THE_ONLY}", name="only_one"),
        CheckConstraint(f"name <> '' AND length(name) <= {LONGEST_NAME}", name="name_bounded"),
        CheckConstraint("(province = '') = (city = '') AND (province = '') = (county = '')", name="region_whole"),
    )

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    name: Mapped[str]
    about_zh: Mapped[str]
    about_en: Mapped[str]
    phone: Mapped[str]
    province: Mapped[str]
    city: Mapped[str]
    county: Mapped[str]
    address: Mapped[str]
    tax_code: Mapped[str]
    is_demo: Mapped[bool]
    version: Mapped[int]
    at: Mapped[UtcTime]
    by: Mapped[str]
