"""What a person types about a product or a variant, to checked facts."""

import re
from collections.abc import Iterable

from kernel.forms import Form
from kernel.parse import FieldError, clean_text
from shop.catalog.models import Product, Variant
from shop.catalog.rules import FORMS, LABEL_FIELDS
from shop.catalog.service import ProductFacts, VariantFacts

HIGHEST_PRICE_FEN = 10_000_000
HEAVIEST_G = 50_000
LONGEST_SHELF_LIFE_DAYS = 3_650
LONGEST_CLAIM_HOURS = 720
KITCHEN = ("soaking", "recipe")
LONGEST_KITCHEN_ZH, LONGEST_KITCHEN_EN = 500, 1_000
_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", re.ASCII)


def read_product(form: Form, photos: Iterable[str]) -> ProductFacts:
    """The product in a form.

    Raises:
        Invalid: naming every field that needs another look.
    """
    facts = ProductFacts(
        title_zh=form.text("title_zh", longest=40),
        title_en=form.text("title_en", longest=80),
        story_zh=form.text("story_zh", longest=300),
        story_en=form.text("story_en", longest=600),
        form=form.choice("form", FORMS),
        grade_zh=form.text("grade_zh", longest=20, required=False),
        photo=form.choice("photo", photos),
        storage_zh=form.text("storage_zh", longest=100),
        storage_en=form.text("storage_en", longest=200),
        **_kitchen(form),
        label={name: form.text(label_field(name), longest=200, required=False) for name in LABEL_FIELDS},
        origin=form.text("origin", longest=60),
        shelf_life_days=form.count("shelf_life_days", 1, LONGEST_SHELF_LIFE_DAYS),
        returnable=form.ticked("returnable"),
        claim_hours=form.count("claim_hours", 1, LONGEST_CLAIM_HOURS) if "claim_hours" in form.values else 24,
        listed=form.ticked("listed"),
    )
    form.check()
    return facts


def _kitchen(form: Form) -> dict[str, str]:
    """Soaking and a recipe in both languages, as far as they are written; lines are kept."""
    return {
        f"{name}_{language}": form.text(f"{name}_{language}", longest=longest, required=False, lines=True)
        for name in KITCHEN
        for language, longest in (("zh", LONGEST_KITCHEN_ZH), ("en", LONGEST_KITCHEN_EN))
    }


def label_field(name: str) -> str:
    """The form's name for a field of the label; ids in HTML stay ASCII."""
    return f"label_{LABEL_FIELDS.index(name)}"


def product_form(product: Product) -> Form:
    """A form that shows the product as it is."""
    names = ("title_zh", "title_en", "story_zh", "story_en", "form", "grade_zh", "photo", "storage_zh", "storage_en")
    typed: dict[str, object] = {
        name: getattr(product, name) for name in (*names, "origin", "shelf_life_days", "claim_hours")
    }
    typed |= {name: getattr(product, name) for kind in KITCHEN for name in (f"{kind}_zh", f"{kind}_en")}
    typed |= {label_field(name): product.label.get(name, "") for name in LABEL_FIELDS}
    typed |= {name: "1" for name in ("returnable", "listed") if getattr(product, name)}
    return Form(typed)


def read_variant(form: Form, unit: str) -> VariantFacts:
    """The variant in a form; a raw one (``unit`` gram) has no price and no weight of its own.

    Raises:
        Invalid: naming every field that needs another look.
    """
    is_piece = unit == "piece"
    sellable = is_piece and form.ticked("sellable")
    facts = VariantFacts(
        sku=form.read("sku", _sku),
        spec_zh=form.text("spec_zh", longest=60),
        spec_en=form.text("spec_en", longest=80),
        price_fen=form.yuan("price", high_fen=HIGHEST_PRICE_FEN, low_fen=1 if sellable else 0) if is_piece else 0,
        net_g=form.kg("net", high_g=HEAVIEST_G, low_g=1) if is_piece else 1,
        gross_g=form.kg("gross", high_g=HEAVIEST_G, low_g=1) if is_piece else 1,
        sellable=sellable,
    )
    if not form.errors and facts.gross_g < facts.net_g:
        form.refuse("gross", "毛重不能比净重轻。", "The gross weight cannot be less than the net weight.")
    form.check()
    return facts


def variant_form(variant: Variant) -> Form:
    """A form that shows the variant as it is."""
    typed: dict[str, object] = {name: getattr(variant, name) for name in ("sku", "spec_zh", "spec_en", "unit")}
    typed |= {
        "price": f"{variant.price_fen / 100:.2f}",
        "net": f"{variant.net_g / 1000:.3f}",
        "gross": f"{variant.gross_g / 1000:.3f}",
    }
    return Form(typed | ({"sellable": "1"} if variant.sellable else {}))


def _sku(raw: object) -> str:
    sku = clean_text(raw, 40)
    if not _SKU.fullmatch(sku):
        raise FieldError(
            "货号用英文字母、数字或 . _ -，最多 40 个，例如 QY-HG-250。",
            "A SKU has up to 40 letters, digits or . _ -, such as QY-HG-250.",
        )
    return sku
