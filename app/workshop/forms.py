"""What an owner types about the workshop, to checked facts."""

from app.workshop.beginning import FirstOwner
from app.workshop.models import LONGEST_NAME, LONGEST_WORDS
from app.workshop.service import WorkshopFacts
from kernel.credit_code import is_credit_code
from kernel.forms import Form
from kernel.parse import FieldError, clean_text
from kernel.people.rules import check_login, check_password
from kernel.text import LOCALES

_REGION = ("province", "city", "county")


def read_workshop(form: Form) -> WorkshopFacts:
    """The workshop in a form; the caller checks the form."""
    region = {name: form.text(name, longest=20, required=False) for name in _REGION}
    if any(region.values()):
        for name, value in region.items():
            if not value and name not in form.errors:
                form.refuse(name, "省、市、县要一起填。", "Give province, city and county together.")
    return WorkshopFacts(
        name=read_name(form),
        about_zh=form.text("about_zh", longest=LONGEST_WORDS, required=False),
        about_en=form.text("about_en", longest=LONGEST_WORDS, required=False),
        phone=form.text("phone", longest=20, required=False),
        address=form.text("address", longest=100, required=False),
        tax_code=form.read("tax_code", _tax_code),
        **region,
    )


def read_name(form: Form) -> str:
    """The workshop's name in a form."""
    return form.text("name", longest=LONGEST_NAME)


def _tax_code(raw: object) -> str:
    code = clean_text(raw, 18, required=False).upper()
    if code and not is_credit_code(code):
        raise FieldError(
            "统一社会信用代码是 18 位，请照营业执照核对。", "A credit code has 18 signs: check it with the licence."
        )
    return code


def read_owner(form: Form) -> FirstOwner:
    """The first owner in a form; the caller checks the form."""
    return FirstOwner(
        name=form.text("owner_name", longest=30),
        login=form.read("login", lambda raw: check_login(clean_text(raw, 40))),
        password=form.read("password", lambda raw: check_password(clean_text(raw, 128))),
        language=form.choice("language", LOCALES),
    )
