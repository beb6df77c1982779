"""The packing lead's pages: backlog, batch print, hand-over, piece rates."""

from flask import Blueprint

blueprint = Blueprint("lead", __name__, url_prefix="/bench/lead")
