"""Tables of products and variants."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, BigId, Fen, Grams
from kernel.text import Text


class Product(Base):
    """What the shop lists. ``label`` holds the printed label's data (GB 7718 names)."""

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("form IN ('dry', 'fresh')", name="known_form"),
        CheckConstraint("claim_hours BETWEEN 1 AND 720", name="claim_hours_bounded"),
    )

    id: Mapped[BigId]
    slug: Mapped[str] = mapped_column(unique=True)
    title_zh: Mapped[str]
    title_en: Mapped[str]
    story_zh: Mapped[str]
    story_en: Mapped[str]
    form: Mapped[str]
    grade_zh: Mapped[str]
    photo: Mapped[str]
    storage_zh: Mapped[str]
    storage_en: Mapped[str]
    soaking_zh: Mapped[str] = mapped_column(default="", server_default="")
    soaking_en: Mapped[str] = mapped_column(default="", server_default="")
    recipe_zh: Mapped[str] = mapped_column(default="", server_default="")
    recipe_en: Mapped[str] = mapped_column(default="", server_default="")
    label: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    origin: Mapped[str]
    shelf_life_days: Mapped[int]
    returnable: Mapped[bool]
    # How long after it arrived a buyer may show that it was damaged.
    claim_hours: Mapped[int] = mapped_column(default=24, server_default=text("24"))
    listed: Mapped[bool] = mapped_column(default=True)

    variants: Mapped[list["Variant"]] = relationship(back_populates="product", order_by="Variant.id")

    @property
    def title(self) -> Text:
        """The name buyers see."""
        return Text(self.title_zh, self.title_en)

    @property
    def story(self) -> Text:
        """What it is and what it is good for."""
        return Text(self.story_zh, self.story_en)

    @property
    def storage(self) -> Text:
        """How to keep it."""
        return Text(self.storage_zh, self.storage_en)

    @property
    def soaking(self) -> Text:
        """How dried goods are soaked, or how fresh ones are washed; empty where nothing is written."""
        return Text(self.soaking_zh, self.soaking_en)

    @property
    def recipe(self) -> Text:
        """One dish in a few lines; empty where nothing is written."""
        return Text(self.recipe_zh, self.recipe_en)

    @property
    def is_fresh(self) -> bool:
        """Whether it spoils on a long way."""
        return self.form == "fresh"


class Variant(Base):
    """What stock is counted by: bags (``unit`` piece), or raw goods bought from farmers (``unit`` gram)."""

    __tablename__ = "variants"
    __table_args__ = (
        CheckConstraint("unit IN ('piece', 'gram')", name="known_unit"),
        CheckConstraint("price_fen >= 0", name="price_not_negative"),
        CheckConstraint("net_g > 0 AND gross_g >= net_g", name="weights_make_sense"),
        CheckConstraint("NOT sellable OR (unit = 'piece' AND price_fen > 0)", name="sellable_has_price"),
    )

    id: Mapped[BigId]
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    sku: Mapped[str] = mapped_column(unique=True)
    spec_zh: Mapped[str]
    spec_en: Mapped[str]
    unit: Mapped[str] = mapped_column(default="piece")
    price_fen: Mapped[Fen]
    net_g: Mapped[Grams]
    gross_g: Mapped[Grams]
    sellable: Mapped[bool] = mapped_column(default=True)

    product: Mapped[Product] = relationship(back_populates="variants", lazy="joined", innerjoin=True)

    @property
    def spec(self) -> Text:
        """Size or packing, such as 250 g a bag."""
        return Text(self.spec_zh, self.spec_en)
