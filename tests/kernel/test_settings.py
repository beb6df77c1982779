"""Settings: a wrong one names itself and says what is allowed; production refuses the demo's."""

import re
from pathlib import Path

import pytest

from config import SettingError, known_settings, load_settings


def test_the_defaults_are_a_working_demo() -> None:
    settings = load_settings({})
    assert (settings.mode, settings.port, settings.sandbox_port) == ("demo", 8000, 8001)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "eight", "1 to 65535"),
        ("PORT", "８０００", "1 to 65535"),
        ("GONGFANG_MODE", "prod", "demo, test, production"),
        ("PUBLIC_URL", "shop.example", "https://"),
        ("WORKSHOP_ZONE", "Mars/Base", "Asia/Shanghai"),
        ("DATABASE_URL", "mysql://root:secret@x/y", "postgresql://"),
        ("SECRET_KEY", "short", "32 characters"),
    ],
)
def test_a_wrong_setting_names_itself_and_what_is_allowed(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingError) as refused:
        load_settings({name: value})
    assert name in str(refused.value)
    assert says in str(refused.value)
    assert "secret" not in str(refused.value)


PRODUCTION = {
    "GONGFANG_MODE": "production",
    "SECRET_KEY": "a-key-of-our-own-with-40-characters-0123",
    "DATABASE_URL": "postgresql://gongfang@db.example/gongfang",
    "PUBLIC_URL": "https://shop.example",
    "STRIPE_API_KEY": "sk_live_0123456789",
    "STRIPE_API_URL": "https://api.stripe.com",
    "STRIPE_WEBHOOK_SECRET": "whsec_AbCdEf0123456789AbCdEf0123456789",
    "CHECKOUT_ORIGIN": "https://checkout.stripe.com",
    "XINFADI_URL": "http://www.xinfadi.com.cn/getPriceData.html",
    "METRICS_TOKEN": "a-token-of-16-characters",
}


def test_production_starts_with_settings_of_its_own() -> None:
    settings = load_settings(PRODUCTION)
    assert settings.is_production
    assert not settings.uses_sandbox


def test_production_refuses_what_belongs_to_the_demo() -> None:
    with pytest.raises(SettingError) as refused:
        load_settings({"GONGFANG_MODE": "production"})
    for name in set(PRODUCTION) - {"GONGFANG_MODE"}:
        assert name in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("DATABASE_URL", ""),
        ("PUBLIC_URL", "http://shop.example"),
        ("STRIPE_API_KEY", "sk_test_0123456789"),
        ("STRIPE_API_KEY", "sk_test_gongfang_demo"),
        ("STRIPE_API_URL", "http://127.0.0.1:8001"),
        ("STRIPE_API_URL", "http://localhost:12111"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_gongfang_demo"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_test_AbCdEf0123456789"),
        # What `stripe listen` prints: 64 hex digits.
        ("STRIPE_WEBHOOK_SECRET", "whsec_" + "0a" * 32),
        ("STRIPE_WEBHOOK_SECRET", "something else"),
        ("CHECKOUT_ORIGIN", "http://[::1]:8001"),
        ("XINFADI_URL", ""),
        ("METRICS_TOKEN", "short"),
        ("FLASK_DEBUG", "1"),
        ("PYTHONDEVMODE", "1"),
    ],
)
def test_production_refuses_each_by_its_name_and_nothing_else(name: str, value: str) -> None:
    with pytest.raises(SettingError) as refused:
        load_settings({**PRODUCTION, name: value})
    (said,) = refused.value.problems
    assert name in said
    if len(value) > 5:
        assert value not in said


@pytest.mark.parametrize("mode", ["demo", "test"])
def test_a_live_key_is_refused_where_no_real_money_belongs(mode: str) -> None:
    with pytest.raises(SettingError, match="STRIPE_API_KEY") as refused:
        load_settings({"GONGFANG_MODE": mode, "STRIPE_API_KEY": "rk_live_very_secret"})
    assert "very_secret" not in str(refused.value)


def test_two_services_on_one_port_are_refused() -> None:
    with pytest.raises(SettingError, match="SANDBOX_PORT"):
        load_settings({"PORT": "9000", "SANDBOX_PORT": "9000"})


def test_the_page_of_settings_names_every_setting_with_its_default_and_no_other() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    listed = dict[str, str]()
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 3 and cells[0].startswith("`"):
            listed.update(zip(re.findall(r"`([A-Z_]+)`", cells[0]), cells[1].split(", "), strict=True))
    known = known_settings()
    assert set(listed) == set(known)
    for name, said in listed.items():
        plain = said.strip("`")
        if said.startswith("`") and "PORT" not in said:
            assert plain == known[name], name
    assert {name for name, said in listed.items() if said == "empty"} == {name for name in known if not known[name]}


def test_nothing_else_reads_the_environment() -> None:
    root = Path(__file__).resolve().parents[2]
    rooms = [
        path for room in ("app", "shop", "fulfillment", "kernel", "sandbox") for path in (root / room).rglob("*.py")
    ]
    assert len(rooms) > 100
    readers = {
        path.relative_to(root).as_posix()
        for path in rooms
        if "os.environ[" in (code := path.read_text()) or "os.environ.get" in code or "getenv" in code
    }
    assert readers == set()
