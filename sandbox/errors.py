"""Errors in Stripe's form."""

from typing import Any


class ApiError(Exception):
    """An error answer: HTTP status, Stripe's type and a sentence."""

    def __init__(
        self, status: int, kind: str, message: str, *, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"error": {"type": kind, "message": message, "code": code, "param": param}}


def missing(kind: str, thing_id: str) -> ApiError:
    """No such thing."""
    return ApiError(404, "invalid_request_error", f"No such {kind}: '{thing_id}'", code="resource_missing", param="id")


def invalid(message: str, param: str | None = None) -> ApiError:
    """A parameter is wrong."""
    return ApiError(400, "invalid_request_error", message, param=param)
