"""The weigher's pages: weigh-in, quotes, farmers, settlement."""

from flask import Blueprint

blueprint = Blueprint("weigher", __name__, url_prefix="/bench/weigh")
