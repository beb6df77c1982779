"""Settings: a wrong one names itself and says what is allowed; production refuses the demo's."""

import pytest

from config import SettingError, load_settings


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


def test_production_refuses_what_belongs_to_the_demo() -> None:
    with pytest.raises(SettingError) as refused:
        load_settings({"GONGFANG_MODE": "production"})
    for name in (
        "SECRET_KEY",
        "PUBLIC_URL",
        "DATABASE_URL",
        "STRIPE_API_URL",
        "STRIPE_API_KEY",
        "STRIPE_WEBHOOK_SECRET",
    ):
        assert name in str(refused.value)
