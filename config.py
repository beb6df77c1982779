"""Every setting: read from the environment once, checked at start. Nothing else reads ``os.environ``."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DEMO_SECRET = "demo-secret-key-never-for-production"  # noqa: S105 - refused in production below
DEMO_WEBHOOK_SECRET = "whsec_gongfang_demo"  # noqa: S105 - likewise
DEMO_COURIER_KEY = "gongfang-demo-courier"
_COURIER_HOSTS = ("api.kuaidi100.com", "poll.kuaidi100.com", "api.kdniao.com")
_DEMO_ACCOUNTS = "ZTO=3300000000/demo/demo YTO=3300000001/demo/demo YUNDA=3300000002/demo/demo SF=7550000000/demo/demo"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LIVE_KEYS = ("sk_live_", "rk_live_")


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
    host: str
    port: int
    sandbox_port: int
    public_url: str
    workshop_name: str
    workshop_zone: ZoneInfo
    stripe_api_key: str
    stripe_api_url: str
    stripe_webhook_secret: str
    checkout_origin: str
    xinfadi_url: str
    metrics_token: str
    trusted_proxies: int
    web_processes: int
    web_threads: int
    lock_timeout_ms: int
    statement_timeout_ms: int
    least_disk_free_mb: int
    backups_kept: int
    largest_body_bytes: int
    free_shipping_from_fen: int
    shipping_fen: int
    remote_surcharge_fen: int
    heaviest_parcel_g: int
    routing_late: int
    routing_fairness: int
    routing_keeping: int
    routing_set_up: int
    usual_shift_minutes: int
    largest_batch: int
    heaviest_batch_g: int
    box_tare_g: int
    deliver_within_days: int
    deliver_fresh_within_days: int
    weight_tolerance_g: int
    weight_tolerance_bps: int
    sample_rate_bps: int
    set_off_most_bps: int
    workshop_tax_code: str
    payment_fee_bps: int
    player_hosts: tuple[str, ...]
    certificate_second_person: int
    sms_provider: str
    email_provider: str
    smtp_host: str
    smtp_port: int
    smtp_security: str
    smtp_user: str
    smtp_password: str
    smtp_sender: str
    courier_provider: str
    courier_accounts: Mapping[str, tuple[str, ...]]
    courier_stuck_days: int
    kuaidi_label_url: str
    kuaidi_query_url: str
    kuaidi_key: str
    kuaidi_secret: str
    kuaidi_customer: str
    kdniao_label_url: str
    kdniao_query_url: str
    kdniao_id: str
    kdniao_key: str
    sender_name: str
    sender_phone: str
    sender_region: tuple[str, str, str]
    sender_address: str

    @property
    def is_https(self) -> bool:
        """Whether buyers reach the shop over HTTPS."""
        return self.public_url.startswith("https://")

    @property
    def is_production(self) -> bool:
        """Whether real money and real people are at stake."""
        return self.mode == "production"

    @property
    def sandbox_url(self) -> str:
        """Where the demo's stand-ins are."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def courier_keys(self) -> dict[str, str]:
        """What couriers' requests are signed with, as the sandbox is told."""
        return {
            "key": self.kuaidi_key,
            "secret": self.kuaidi_secret,
            "customer": self.kuaidi_customer,
            "kdniao_id": self.kdniao_id,
            "kdniao_key": self.kdniao_key,
        }

    @property
    def uses_sandbox(self) -> bool:
        """Whether payments go to the demo's stand-in, which then has to run beside the shop."""
        return self.stripe_api_url == self.sandbox_url


class _Reader:
    """Reads settings one by one and remembers what was wrong with each."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []
        self.defaults: dict[str, str] = {}

    def _raw(self, name: str, default: str) -> str:
        self.defaults[name] = default
        return self.environ.get(name, "").strip() or default

    def text(self, name: str, default: str, check: Callable[[str], str | None] | None = None) -> str:
        value = self._raw(name, default)
        complaint = check(value) if check else None
        if complaint:
            self.problems.append(f"{name}: {complaint}")
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        raw = self._raw(name, str(default))
        if raw.isascii() and raw.isdigit() and low <= int(raw) <= high:
            return int(raw)
        self.problems.append(f"{name}: a whole number from {low} to {high}, not {raw!r}")
        return default

    def accounts(self, name: str, default: str) -> dict[str, tuple[str, ...]]:
        """``ZTO=partner/key/secret YTO=…``: what stands after a courier's code are up to three parts."""
        found = [
            re.fullmatch(r"([A-Z]{2,6})=([^\s/]+(?:/[^\s/]*){0,2})", part) for part in self._raw(name, default).split()
        ]
        if all(found):
            return {match[1]: tuple(match[2].split("/")) for match in found if match}
        # The value holds passwords, so it is not repeated.
        self.problems.append(f"{name}: a list such as ZTO=partner/key/secret YTO=partner/key, one blank between them")
        return {}

    def region(self, name: str, default: str) -> tuple[str, str, str]:
        parts = self._raw(name, default).split()
        if len(parts) == 3:
            return parts[0], parts[1], parts[2]
        self.problems.append(f"{name}: province, city and county with blanks between them, not {' '.join(parts)!r}")
        return "", "", ""

    def zone(self, name: str, default: str) -> ZoneInfo:
        raw = self._raw(name, default)
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


def _tax_code(value: str) -> str | None:
    usable = not value or re.fullmatch(r"[0-9A-HJ-NPQRTUWXY]{18}", value)
    return None if usable else "the workshop's unified social credit code, 18 signs, or empty"


def _host_names(value: str) -> str | None:
    usable = all(re.fullmatch(r"(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}", name, re.ASCII) for name in value.lower().split())
    return None if usable else f"names such as player.example.cn with spaces between them, not {value!r}"


def _sender_address(value: str) -> str | None:
    usable = not value or re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+", value, re.ASCII)
    return None if usable else f"an address such as orders@shop.example.cn, not {value!r}"


def _database_url(value: str) -> str | None:
    usable = not value or value.startswith(("postgresql://", "postgresql+psycopg://"))
    # The value may hold a password, so it is not repeated.
    return None if usable else "an address such as postgresql://user@host/name, or empty for the embedded database"


def load_settings(environ: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Settings from the environment; ``given`` ones (a port from the command line) win.

    Raises:
        SettingError: naming every setting that is wrong, and what it may be.
    """
    surroundings = dict(os.environ if environ is None else environ)
    read = _Reader({**surroundings, **{name.upper(): str(value) for name, value in given.items()}})
    settings = _read_all(read)
    problems = read.problems + _mixed_up(settings)
    if settings.is_production:
        problems += _production_problems(settings, surroundings)
    if problems:
        raise SettingError(problems)
    return settings


def known_settings() -> dict[str, str]:
    """Every setting and its default, as text."""
    read = _Reader({})
    _read_all(read)
    return read.defaults


def _read_all(read: _Reader) -> Settings:
    port = read.number("PORT", 8000, 1, 65_535)
    sandbox_port = read.number("SANDBOX_PORT", port + 1 if port < 65_535 else 8001, 1, 65_535)
    sandbox_url = f"http://127.0.0.1:{sandbox_port}"
    mode = read.text("GONGFANG_MODE", "demo", _one_of("demo", "test", "production"))
    return Settings(
        mode=mode,
        secret_key=read.text("SECRET_KEY", DEMO_SECRET, lambda v: None if len(v) >= 32 else "at least 32 characters"),
        database_url=read.text("DATABASE_URL", "", _database_url) or None,
        var_dir=Path(read.text("VAR_DIR", "var")).resolve(),
        host=read.text("HOST", "127.0.0.1"),
        port=port,
        sandbox_port=sandbox_port,
        public_url=read.text("PUBLIC_URL", f"http://127.0.0.1:{port}", _web_url).rstrip("/"),
        workshop_name=read.text("WORKSHOP_NAME", "庆元工坊"),
        workshop_zone=read.zone("WORKSHOP_ZONE", "Asia/Shanghai"),
        stripe_api_key=read.text("STRIPE_API_KEY", "sk_test_gongfang_demo"),
        stripe_api_url=read.text("STRIPE_API_URL", sandbox_url, _web_url).rstrip("/"),
        stripe_webhook_secret=read.text("STRIPE_WEBHOOK_SECRET", DEMO_WEBHOOK_SECRET),
        checkout_origin=read.text("CHECKOUT_ORIGIN", sandbox_url, _web_url).rstrip("/"),
        xinfadi_url=read.text("XINFADI_URL", f"{sandbox_url}/xinfadi/getPriceData.html"),
        metrics_token=read.text("METRICS_TOKEN", ""),
        trusted_proxies=read.number("TRUSTED_PROXIES", 0, 0, 5),
        web_processes=read.number("WEB_PROCESSES", 2, 1, 64),
        web_threads=read.number("WEB_THREADS", 24, 1, 512),
        lock_timeout_ms=read.number("LOCK_TIMEOUT_MS", 2_000, 50, 60_000),
        statement_timeout_ms=read.number("STATEMENT_TIMEOUT_MS", 15_000, 100, 600_000),
        least_disk_free_mb=read.number("LEAST_DISK_FREE_MB", 300, 1, 1_000_000),
        backups_kept=read.number("BACKUPS_KEPT", 14, 1, 1_000),
        largest_body_bytes=read.number("LARGEST_BODY_BYTES", 6_000_000, 10_000, 100_000_000),
        free_shipping_from_fen=read.number("FREE_SHIPPING_FROM_FEN", 9_900, 0, 10_000_000),
        shipping_fen=read.number("SHIPPING_FEN", 600, 0, 1_000_000),
        remote_surcharge_fen=read.number("REMOTE_SURCHARGE_FEN", 1_500, 0, 1_000_000),
        heaviest_parcel_g=read.number("HEAVIEST_PARCEL_G", 10_000, 500, 50_000),
        box_tare_g=read.number("BOX_TARE_G", 120, 0, 5_000),
        deliver_within_days=read.number("DELIVER_WITHIN_DAYS", 7, 1, 30),
        deliver_fresh_within_days=read.number("DELIVER_FRESH_WITHIN_DAYS", 3, 1, 30),
        weight_tolerance_g=read.number("WEIGHT_TOLERANCE_G", 60, 1, 5_000),
        weight_tolerance_bps=read.number("WEIGHT_TOLERANCE_BPS", 300, 0, 5_000),
        **_routing(read),
        sample_rate_bps=read.number("SAMPLE_RATE_BPS", 300, 0, 10_000),
        set_off_most_bps=read.number("SET_OFF_MOST_BPS", 3_000, 0, 10_000),
        workshop_tax_code=read.text("WORKSHOP_TAX_CODE", "", _tax_code),
        payment_fee_bps=read.number("PAYMENT_FEE_BPS", 0, 0, 2_000),
        player_hosts=tuple(read.text("PLAYER_HOSTS", "", _host_names).lower().split()),
        certificate_second_person=read.number("CERTIFICATE_SECOND_PERSON", 0, 0, 1),
        sms_provider=read.text("SMS_PROVIDER", "console", _one_of("console", "file")),
        **_mail(read),
        **_couriers(read, sandbox_url, is_production=mode == "production"),
    )


def _routing(read: _Reader) -> dict[str, Any]:
    """What counts how much when work is shared out, and how it is handed out."""
    return {
        "routing_late": read.number("ROUTING_LATE", 100_000, 1, 1_000_000_000),
        "routing_fairness": read.number("ROUTING_FAIRNESS", 100, 0, 1_000_000),
        "routing_keeping": read.number("ROUTING_KEEPING", 30, 0, 1_000_000),
        "routing_set_up": read.number("ROUTING_SET_UP", 1, 0, 1_000_000),
        "usual_shift_minutes": read.number("USUAL_SHIFT_MINUTES", 240, 10, 1_440),
        "largest_batch": read.number("LARGEST_BATCH", 3, 1, 50),
        "heaviest_batch_g": read.number("HEAVIEST_BATCH_G", 30_000, 1_000, 500_000),
    }


def _mail(read: _Reader) -> dict[str, Any]:
    """Who carries e-mail; a mail server signs its user in only over TLS."""
    return {
        "email_provider": read.text("EMAIL_PROVIDER", "console", _one_of("console", "file", "smtp")),
        "smtp_host": read.text("SMTP_HOST", ""),
        "smtp_port": read.number("SMTP_PORT", 587, 1, 65_535),
        "smtp_security": read.text("SMTP_SECURITY", "starttls", _one_of("starttls", "tls", "none")),
        "smtp_user": read.text("SMTP_USER", ""),
        "smtp_password": read.text("SMTP_PASSWORD", ""),
        "smtp_sender": read.text("SMTP_SENDER", "", _sender_address),
    }


def _couriers(read: _Reader, sandbox_url: str, *, is_production: bool) -> dict[str, Any]:
    """Who issues waybills, and who sends. A workshop without an account uses its couriers' own sheets."""
    provider = read.text(
        "COURIER_PROVIDER", "none" if is_production else "kuaidi100", _one_of("kuaidi100", "kdniao", "none")
    )
    return {
        "courier_provider": provider,
        "courier_accounts": read.accounts("COURIER_ACCOUNTS", "" if is_production else _DEMO_ACCOUNTS),
        "courier_stuck_days": read.number("COURIER_STUCK_DAYS", 3, 1, 30),
        "kuaidi_label_url": read.text("KUAIDI_LABEL_URL", f"{sandbox_url}/kuaidi100/label/order"),
        "kuaidi_query_url": read.text("KUAIDI_QUERY_URL", f"{sandbox_url}/kuaidi100/poll/query.do"),
        "kuaidi_key": read.text("KUAIDI_KEY", DEMO_COURIER_KEY),
        "kuaidi_secret": read.text("KUAIDI_SECRET", DEMO_COURIER_KEY),
        "kuaidi_customer": read.text("KUAIDI_CUSTOMER", DEMO_COURIER_KEY),
        "kdniao_label_url": read.text("KDNIAO_LABEL_URL", f"{sandbox_url}/kdniao/api"),
        "kdniao_query_url": read.text("KDNIAO_QUERY_URL", f"{sandbox_url}/kdniao/api"),
        "kdniao_id": read.text("KDNIAO_ID", DEMO_COURIER_KEY),
        "kdniao_key": read.text("KDNIAO_KEY", DEMO_COURIER_KEY),
        "sender_name": read.text("SENDER_NAME", read.text("WORKSHOP_NAME", "庆元工坊")),
        "sender_phone": read.text("SENDER_PHONE", "" if is_production else "0578-6120000"),
        "sender_region": read.region("SENDER_REGION", "浙江省 丽水市 庆元县"),
        "sender_address": read.text("SENDER_ADDRESS", "" if is_production else "濛洲街道示例路66号"),
    }


def _mixed_up(settings: Settings) -> list[str]:
    """Settings that do not belong together in any mode."""
    is_live = settings.stripe_api_key.startswith(_LIVE_KEYS)
    sends_mail = settings.email_provider == "smtp"
    rules = [
        (
            sends_mail and not (settings.smtp_host and settings.smtp_sender),
            "EMAIL_PROVIDER: smtp needs SMTP_HOST and SMTP_SENDER",
        ),
        (
            sends_mail and settings.smtp_security == "none" and settings.smtp_user != "",
            "SMTP_SECURITY: a password is only sent over TLS; use starttls or tls, or leave SMTP_USER empty",
        ),
        (settings.port == settings.sandbox_port, "SANDBOX_PORT: must be another port than PORT"),
        (is_live and not settings.is_production, "STRIPE_API_KEY: a live key is for GONGFANG_MODE=production only"),
    ]
    return [complaint for broken, complaint in rules if broken]


def _production_problems(settings: Settings, surroundings: Mapping[str, str]) -> list[str]:
    """What must not be so where real money moves."""
    is_debug = any(surroundings.get(name, "") not in ("", "0") for name in ("FLASK_DEBUG", "PYTHONDEVMODE"))
    rules = [
        (is_debug, "FLASK_DEBUG, PYTHONDEVMODE: debugging shows people's data to strangers; unset them"),
        (settings.secret_key == DEMO_SECRET, "SECRET_KEY: set one of your own in production (32 characters or more)"),
        (not settings.is_https, "PUBLIC_URL: must be https:// in production"),
        (not settings.database_url, "DATABASE_URL: name a PostgreSQL server in production"),
        (_is_loopback(settings.stripe_api_url), "STRIPE_API_URL: points at the sandbox; use https://api.stripe.com"),
        (_is_loopback(settings.xinfadi_url), "XINFADI_URL: points at the sandbox"),
        (
            _is_loopback(settings.checkout_origin),
            "CHECKOUT_ORIGIN: points at the sandbox; use https://checkout.stripe.com",
        ),
        (
            not settings.stripe_api_key.startswith(_LIVE_KEYS),
            "STRIPE_API_KEY: no money moves with a test key; production takes a live one (sk_live_… or rk_live_…)",
        ),
        (
            _is_test_webhook_secret(settings.stripe_webhook_secret),
            "STRIPE_WEBHOOK_SECRET: not the demo's and not the one of `stripe listen`, but the live endpoint's whsec_…",
        ),
        (
            len(settings.metrics_token) < 16,
            "METRICS_TOKEN: at least 16 characters, since behind a proxy every request seems to come from this machine",
        ),
    ]
    return [complaint for broken, complaint in rules if broken] + _courier_problems(settings)


def _courier_problems(settings: Settings) -> list[str]:
    """What production refuses of the courier's interface that is in use."""
    if settings.courier_provider == "none":
        return []
    mine = {
        "kuaidi100": (
            "kuaidi_label_url",
            "kuaidi_query_url",
            "kuaidi_key",
            "kuaidi_secret",
            "kuaidi_customer",
        ),
        "kdniao": ("kdniao_label_url", "kdniao_query_url", "kdniao_id", "kdniao_key"),
    }.get(settings.courier_provider, ())
    problems = []
    for name in mine:
        value = getattr(settings, name)
        if value == DEMO_COURIER_KEY:
            problems.append(f"{name.upper()}: set your own in production")
        elif name.endswith("_url") and (
            urlsplit(value).hostname not in _COURIER_HOSTS or urlsplit(value).scheme != "https"
        ):
            problems.append(f"{name.upper()}: https:// and one of {', '.join(_COURIER_HOSTS)} in production")
    problems += [
        f"{name.upper()}: couriers need it on every waybill"
        for name in ("courier_accounts", "sender_phone", "sender_address")
        if not getattr(settings, name)
    ]
    return problems


def _is_test_webhook_secret(secret: str) -> bool:
    # `stripe listen` hands out 64 hex digits; endpoints made in the dashboard have 32 letters and digits.
    return secret == DEMO_WEBHOOK_SECRET or re.fullmatch(r"whsec_(?!test)(?![0-9a-f]{64}$)\w{16,}", secret) is None


def _is_loopback(url: str) -> bool:
    return (urlsplit(url).hostname or "") in LOOPBACK
