"""What the web server loads: one application for each process."""

from app.factory import create_app
from app.logs import set_up_logs
from app.web.stopping import on_stop
from config import load_settings
from kernel.db import Database

settings = load_settings()
if settings.database_url is None:
    raise SystemExit("DATABASE_URL is not set. Start the shop with `gongfang run`, or name a PostgreSQL server.")
set_up_logs()
application = create_app(
    settings,
    Database(
        settings.database_url,
        pool_size=settings.web_threads,
        lock_timeout_ms=settings.lock_timeout_ms,
        statement_timeout_ms=settings.statement_timeout_ms,
    ),
)
# Boards hold their connections open; they let go of them, so that the server stops at once.
on_stop(application.extensions["seats"].close)
