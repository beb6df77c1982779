"""What a bag's label says, and how a product's address is made from its name."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

FORMS: Final = ("dry", "fresh")

# What GB 7718 asks of a prepackaged food's label and the product's own fields do not hold already. Name, origin, grade and
# storage are derived; net content stands on the variant, the date on each bag.
LABEL_FIELDS: Final = ("配料", "生产者", "地址", "联系方式", "食品生产许可证编号", "产品标准代号")

_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_LONGEST_SLUG = 60


def label_of(*, title_zh: str, origin: str, grade_zh: str, storage_zh: str, typed: Mapping[str, str]) -> dict[str, str]:
    """The label's data under the names that are printed; what is empty is left out."""
    derived = {"产品名称": title_zh, "产地": origin, "质量等级": grade_zh, "贮存条件": storage_zh}
    label = {**derived, **{name: typed.get(name, "") for name in LABEL_FIELDS}}
    return {name: value for name, value in label.items() if value}


def slug_from(title_en: str) -> str:
    """The name in addresses: ``Flower shiitake (250 g)`` becomes ``flower-shiitake-250-g``."""
    plain = unicodedata.normalize("NFKD", title_en).encode("ascii", "ignore").decode().lower()
    return _NOT_SLUG.sub("-", plain).strip("-")[:_LONGEST_SLUG].strip("-") or "product"
