"""A packer's tablet with a road that can be cut."""

from tests.bench.roads import line, packer, page, url  # noqa: F401 - fixtures
