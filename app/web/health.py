"""What watchers ask: alive, ready, figures."""

from flask import Blueprint

blueprint = Blueprint("health", __name__)
