"""Headers that keep browsers from doing what our pages never do."""

from flask import Flask

from config import Settings


def install(app: Flask, settings: Settings) -> None:
    """Send the headers with every answer."""
