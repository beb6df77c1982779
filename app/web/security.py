"""Headers that keep browsers from doing what our pages never do, limits on what comes in, and whom to believe."""

from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from config import LOOPBACK, Settings

_STATIC = "static"
# Reads codes from camera pictures with WebAssembly. A worker obeys the policy of its own file, so no page needs to
# allow more than 'self' (decision 22).
_READER = "js/bench_scan_worker.js"
READER_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
_YEAR_S = 365 * 24 * 3600
_LARGEST_FORM_BYTES = 500_000
_MOST_FORM_PARTS = 1_000
_STAFF = ("/bench", "/console", "/sign-in", "/sign-out")


def install(app: Flask, settings: Settings) -> None:
    """Send the headers with every answer; bound what is read."""
    app.config.update(
        MAX_CONTENT_LENGTH=settings.largest_body_bytes,
        MAX_FORM_MEMORY_SIZE=_LARGEST_FORM_BYTES,
        MAX_FORM_PARTS=_MOST_FORM_PARTS,
        SESSION_COOKIE_NAME="__Host-session" if settings.is_https else "session",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    if settings.is_production:
        # Addresses in e-mails and redirects never come from a Host header that a stranger made up.
        app.config["TRUSTED_HOSTS"] = [urlsplit(settings.public_url).hostname, *LOOPBACK]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    headers = _headers(settings)

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        if response.mimetype == "application/pdf":
            # Browsers show a PDF in a page of their own, which a policy of 'none' would leave empty.
            response.headers["Content-Security-Policy"] = "frame-ancestors 'none'"
        if request.endpoint == _STATIC and (request.view_args or {}).get("filename") == _READER:
            response.headers["Content-Security-Policy"] = READER_POLICY
        _say_how_long_to_keep(response)
        return response


def content_security_policy(settings: Settings) -> str:
    """Everything from here and nothing inline; forms may lead to the hosted payment page (POST, then 303)."""
    parts = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "media-src": "'self' blob:",
        "worker-src": "'self'",
        "manifest-src": "'self'",
        "form-action": f"'self' {settings.checkout_origin}",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        **(
            {"frame-src": " ".join(f"https://{host}" for host in settings.player_hosts)}
            if settings.player_hosts
            else {}
        ),
        **({"upgrade-insecure-requests": ""} if settings.is_https else {}),
    }
    return "; ".join(f"{name} {value}".strip() for name, value in parts.items())


def _headers(settings: Settings) -> dict[str, str]:
    headers = {
        "Content-Security-Policy": content_security_policy(settings),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        # The camera is for scanning badges and slips, and for photos of what arrived damaged.
        "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if settings.is_https:
        headers["Strict-Transport-Security"] = f"max-age={2 * _YEAR_S}; includeSubDomains"
    return headers


def _say_how_long_to_keep(response: Response) -> None:
    """Nothing of a signed-in person stays in a cache; a file with its version in the address stays for a year."""
    if request.endpoint == _STATIC:
        if response.status_code == 200:
            kept = f"public, max-age={_YEAR_S}, immutable" if "v" in request.args else "no-cache"
            response.headers["Cache-Control"] = kept
    elif g.get("person") is not None or request.path.startswith(_STAFF):
        response.headers["Cache-Control"] = "no-store"
    elif "Cache-Control" not in response.headers:
        # Shop pages carry the visitor's form token; going back must still be quick.
        response.headers["Cache-Control"] = "private, no-cache" if response.mimetype == "text/html" else "no-store"
