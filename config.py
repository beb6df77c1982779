"""Every setting: read from the environment once, checked at start. Nothing else reads ``os.environ``."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DEMO_SECRET = "demo-secret-key-never-for-production"  # noqa: S105 - refused in production below
DEMO_WEBHOOK_SECRET = "whsec_gongfang_demo"  # noqa: S105 - likewise
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SettingError(SystemExit):
    """A setting is wrong: names it and says what is allowed, then the program ends with status 1."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("These settings need another look:\n" + "\n".join(f"  {line}" for line in problems))


@dataclass(frozen=True)
class Settings:
    """All settings of one installation; units are in the names."""

    mode: str
    secret_key: str
    database_url: str | None
    var_dir: Path
    port: int
    sandbox_port: int
    public_url: str
    workshop_name: str
    workshop_zone: ZoneInfo
    hold_minutes: int
    stripe_api_key: str
    stripe_api_url: str
    stripe_webhook_secret: str
    checkout_origin: str
    xinfadi_url: str
    metrics_token: str
    trusted_proxies: int
    web_processes: int
    web_threads: int
    largest_body_bytes: int
    free_shipping_from_fen: int
    shipping_fen: int
    remote_surcharge_fen: int
    heaviest_parcel_g: int

    @property
    def is_https(self) -> bool:
        """Whether buyers reach the shop over HTTPS."""
        return self.public_url.startswith("https://")

    @property
    def is_production(self) -> bool:
        """Whether real money and real people are at stake."""
        return self.mode == "production"


class _Reader:
    """Reads settings one by one and remembers what was wrong with each."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def text(self, name: str, default: str, check: Callable[[str], str | None] | None = None) -> str:
        value = self.environ.get(name, "").strip() or default
        complaint = check(value) if check else None
        if complaint:
            self.problems.append(f"{name}: {complaint}")
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        raw = self.environ.get(name, "").strip() or str(default)
        if raw.isascii() and raw.isdigit() and low <= int(raw) <= high:
            return int(raw)
        self.problems.append(f"{name}: a whole number from {low} to {high}, not {raw!r}")
        return default

    def zone(self, name: str, default: str) -> ZoneInfo:
        raw = self.environ.get(name, "").strip() or default
        try:
            return ZoneInfo(raw)
        except (ZoneInfoNotFoundError, ValueError):
            self.problems.append(f"{name}: a time zone such as Asia/Shanghai, not {raw!r}")
            return ZoneInfo(default)


def _one_of(*words: str) -> Callable[[str], str | None]:
    return lambda value: None if value in words else f"one of {', '.join(words)}, not {value!r}"


def _web_url(value: str) -> str | None:
    parts = urlsplit(value)
    usable = parts.scheme in ("http", "https") and parts.hostname and not parts.path.strip("/")
    return None if usable else f"an address such as https://shop.example.cn, not {value!r}"


def _database_url(value: str) -> str | None:
    usable = not value or value.startswith(("postgresql://", "postgresql+psycopg://"))
    # The value may hold a password, so it is not repeated.
    return None if usable else "an address such as postgresql://user@host/name, or empty for the embedded database"


def load_settings(environ: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Settings from the environment; ``given`` ones (a port from the command line) win.

    Raises:
        SettingError: naming every setting that is wrong, and what it may be.
    """
    read = _Reader({**(os.environ if environ is None else environ), **{k.upper(): str(v) for k, v in given.items()}})
    port = read.number("PORT", 8000, 1, 65_535)
    sandbox_port = read.number("SANDBOX_PORT", port + 1 if port < 65_535 else 8001, 1, 65_535)
    sandbox_url = f"http://127.0.0.1:{sandbox_port}"
    settings = Settings(
        mode=read.text("GONGFANG_MODE", "demo", _one_of("demo", "test", "production")),
        secret_key=read.text("SECRET_KEY", DEMO_SECRET, lambda v: None if len(v) >= 32 else "at least 32 characters"),
        database_url=read.text("DATABASE_URL", "", _database_url) or None,
        var_dir=Path(read.text("VAR_DIR", "var")).resolve(),
        port=port,
        sandbox_port=sandbox_port,
        public_url=read.text("PUBLIC_URL", f"http://127.0.0.1:{port}", _web_url).rstrip("/"),
        workshop_name=read.text("WORKSHOP_NAME", "庆元工坊"),
        workshop_zone=read.zone("WORKSHOP_ZONE", "Asia/Shanghai"),
        hold_minutes=read.number("HOLD_MINUTES", 10, 1, 24 * 60),
        stripe_api_key=read.text("STRIPE_API_KEY", "sk_test_gongfang_demo"),
        stripe_api_url=read.text("STRIPE_API_URL", sandbox_url, _web_url).rstrip("/"),
        stripe_webhook_secret=read.text("STRIPE_WEBHOOK_SECRET", DEMO_WEBHOOK_SECRET),
        checkout_origin=read.text("CHECKOUT_ORIGIN", sandbox_url, _web_url).rstrip("/"),
        xinfadi_url=read.text("XINFADI_URL", f"{sandbox_url}/xinfadi/getPriceData.html"),
        metrics_token=read.text("METRICS_TOKEN", ""),
        trusted_proxies=read.number("TRUSTED_PROXIES", 0, 0, 5),
        web_processes=read.number("WEB_PROCESSES", 2, 1, 64),
        web_threads=read.number("WEB_THREADS", 24, 1, 512),
        largest_body_bytes=read.number("LARGEST_BODY_BYTES", 6_000_000, 10_000, 100_000_000),
        free_shipping_from_fen=read.number("FREE_SHIPPING_FROM_FEN", 9_900, 0, 10_000_000),
        shipping_fen=read.number("SHIPPING_FEN", 600, 0, 1_000_000),
        remote_surcharge_fen=read.number("REMOTE_SURCHARGE_FEN", 1_500, 0, 1_000_000),
        heaviest_parcel_g=read.number("HEAVIEST_PARCEL_G", 10_000, 500, 50_000),
    )
    problems = read.problems + (_production_problems(settings) if settings.is_production else [])
    if problems:
        raise SettingError(problems)
    return settings


def _production_problems(settings: Settings) -> list[str]:
    """What must not be so where real money moves."""
    rules = [
        (settings.secret_key == DEMO_SECRET, "SECRET_KEY: set one of your own in production (32 characters or more)"),
        (not settings.is_https, "PUBLIC_URL: must be https:// in production"),
        (not settings.database_url, "DATABASE_URL: name a PostgreSQL server in production"),
        (_is_loopback(settings.stripe_api_url), "STRIPE_API_URL: points at the sandbox; use https://api.stripe.com"),
        (_is_loopback(settings.xinfadi_url), "XINFADI_URL: points at the sandbox"),
        (settings.stripe_api_key.startswith("sk_test_gongfang"), "STRIPE_API_KEY: the demo key pays nothing"),
        (settings.stripe_webhook_secret == DEMO_WEBHOOK_SECRET, "STRIPE_WEBHOOK_SECRET: the demo secret is public"),
    ]
    return [complaint for broken, complaint in rules if broken]


def _is_loopback(url: str) -> bool:
    return (urlsplit(url).hostname or "") in LOOPBACK
