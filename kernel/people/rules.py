"""Roles and what makes a usable PIN or password."""

from kernel.parse import FieldError

OWNER, STREAMER, LEAD, WEIGHER, PACKER = ROLES = ("owner", "streamer", "lead", "weigher", "packer")

# Where a person's day begins, by the first role they hold in this order.
HOME_PAGES = {OWNER: "/console", STREAMER: "/console", LEAD: "/bench/lead", WEIGHER: "/bench/weigh", PACKER: "/bench"}


def home_page(roles: set[str]) -> str:
    """The page a person lands on after signing in."""
    return next((HOME_PAGES[role] for role in ROLES if role in roles), "/")


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
