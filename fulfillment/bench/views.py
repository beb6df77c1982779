"""The packer's pages: get work, pack, done, pass book."""

from flask import Blueprint

blueprint = Blueprint("bench", __name__, url_prefix="/bench")
