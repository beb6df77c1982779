"""Xinfadi's price feed, from its real rows."""

from flask import Blueprint

blueprint = Blueprint("xinfadi", __name__)
