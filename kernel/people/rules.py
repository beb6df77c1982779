"""Roles and what makes a usable login, PIN or password."""

import re

from kernel.parse import FieldError

OWNER, STREAMER, LEAD, WEIGHER, PACKER = ROLES = ("owner", "streamer", "lead", "weigher", "packer")

# Who sits at a desk signs in with a login and a password; a packer with a badge or a PIN.
DESK_ROLES = frozenset({OWNER, STREAMER, LEAD, WEIGHER})

# The letters of the bench, in CSS pixels: as they are, larger, largest (the elder-friendly guideline asks for 30).
TEXT_SIZES_PX = (20, 25, 30)

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}", re.ASCII)

# Where a person's day begins, by the first role they hold in this order.
HOME_PAGES = {OWNER: "/console", STREAMER: "/console", LEAD: "/bench/lead", WEIGHER: "/bench/weigh", PACKER: "/bench"}


def home_page(roles: set[str]) -> str:
    """The page a person lands on after signing in."""
    return next((HOME_PAGES[role] for role in ROLES if role in roles), "/")


def check_login(login: str) -> str:
    """A login of 2 to 40 small letters, digits and ``. _ -``; capitals are made small."""
    small = login.lower()
    if not _LOGIN.fullmatch(small):
        raise FieldError(
            "登录名用 2 到 40 个英文字母、数字或 . _ -，以字母或数字开头。",
            "A login has 2 to 40 letters, digits or . _ -, and begins with a letter or digit.",
        )
    return small


def check_pin(pin: str) -> str:
    """A PIN of 4 to 6 ASCII digits that is not one digit repeated."""
    if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 6):
        raise FieldError("密码是 4 到 6 位数字。", "A PIN has 4 to 6 digits.")
    if len(set(pin)) == 1:
        raise FieldError("请不要用同一个数字。", "Please do not repeat one digit.")
    return pin


def check_password(password: str) -> str:
    """A password of 10 to 128 characters; length is what protects, so nothing else is asked (NIST SP 800-63B)."""
    if not 10 <= len(password) <= 128:
        raise FieldError("密码至少 10 个字，最多 128 个。", "A password has 10 to 128 characters.")
    return password
