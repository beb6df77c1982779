"""Reading the forms of farmers and grades."""

import re
from collections.abc import Mapping

from fulfillment.purchasing.growers.service import FarmerFacts, GradeTerms
from kernel.forms import Form
from kernel.parse import FieldError, clean_text
from shop.catalog.models import Product

_PHONE = re.compile(r"1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}", re.ASCII)
_INITIALS = re.compile(r"[a-z]{0,12}", re.ASCII)
_LONGEST_GRADE = 20
# Whoever takes nine tenths off has mistyped.
MOST_DEDUCTION_BPS = 9_000


def read_farmer(form: Form) -> FarmerFacts:
    """Who a grower is.

    Raises:
        Invalid: naming every field that needs another look.
    """
    name = form.text("name", longest=30)
    facts = FarmerFacts(
        name=name,
        shown_name=form.text("shown_name", longest=30, required=False) or name,
        phone=form.read("phone", _phone),
        village=form.text("village", longest=40),
        initials=form.read("initials", _initials),
        consent_shown=form.ticked("consent_shown"),
        active=form.ticked("active"),
    )
    form.check()
    return facts


def _phone(raw: object) -> str:
    number = clean_text(raw, 20).replace(" ", "")
    if not _PHONE.fullmatch(number):
        raise FieldError(
            "请填 11 位手机号，或带区号的座机。", "Give a mobile number of 11 digits, or a landline with its area code."
        )
    return number


def _initials(raw: object) -> str:
    letters = clean_text(raw, 12, required=False).lower()
    if not _INITIALS.fullmatch(letters):
        raise FieldError("只用拼音首字母，例如 wcg。", "Only the initials in pinyin, such as wcg.")
    return letters


def read_grade(form: Form, products: Mapping[str, Product]) -> GradeTerms:
    """A grade of a product that farmers bring.

    Raises:
        Invalid: naming every field that needs another look.
    """
    slug = form.choice("product", products)
    name = form.text("name", longest=_LONGEST_GRADE)
    deduction_bps = form.percent("deduction", high_bps=MOST_DEDUCTION_BPS)
    form.check()
    return GradeTerms(slug, products[slug].form, name, deduction_bps)
