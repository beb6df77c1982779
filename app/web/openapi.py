"""`GET /api/openapi.json`: the small JSON API, described for programs that others write (OpenAPI 3.1).

It stands in code because what it says is checked against real answers (tests/test_openapi.py).
"""

from typing import Any

from flask import Blueprint

from fulfillment.couriers.providers import TRACK_STATES
from kernel.http import setting
from shop.orders.models import CHANNELS
from shop.orders.rules import LARGEST_QUANTITY, MOST_LINES
from shop.orders.states import STATES

blueprint = Blueprint("openapi", __name__)

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FEN: Schema = {"type": "integer", "description": "fen, a hundredth of a yuan"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
ADDRESS: Schema = {"type": "string", "format": "uri"}


def _maybe(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _thing(**properties: Schema) -> Schema:
    """An object that always has exactly these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_WAY = {
    **_thing(
        state={"enum": ["", *TRACK_STATES]},
        word={**TEXT, "description": "the state in the language of the request"},
        tone=TEXT,
        shape=TEXT,
        steps={**_list(_thing(at=MOMENT, words=TEXT)), "description": "newest first, in the courier's words"},
    ),
    "description": "where a parcel that has left is; null while nobody follows it",
}

SCHEMAS: dict[str, Schema] = {
    "Streams": _thing(
        streams=_list(
            _thing(
                id=COUNT,
                title=TEXT,
                title_en=TEXT,
                state={"enum": ["live", "planned"]},
                starts_at=MOMENT,
                url=ADDRESS,
            )
        )
    ),
    "Snapshot": _thing(
        version={**COUNT, "description": "rises with every change that a viewer could see"},
        state={"enum": ["planned", "live", "ended"]},
        on_air={**_maybe(COUNT), "description": "the offer that is being shown"},
        message={**TEXT, "description": "a few words to viewers, or nothing"},
        offers=_list(
            _thing(
                id=COUNT,
                sku=TEXT,
                title=TEXT,
                title_en=TEXT,
                spec=TEXT,
                spec_en=TEXT,
                photo=TEXT,
                price_fen=FEN,
                list_price_fen=FEN,
                left=COUNT,
                cap_per_buyer=_maybe(COUNT),
                state={"enum": ["open", "closed"]},
                ends_at=_maybe(MOMENT),
                flash=_maybe(_thing(price_fen=FEN, **{"from": MOMENT, "until": MOMENT})),
            )
        ),
        server_time=MOMENT,
    ),
    "NewOrder": {
        "type": "object",
        "required": ["lines", "buyer", "address"],
        "properties": {
            "voucher": {"type": "string", "maxLength": 40},
            "gift": {
                "type": "object",
                "required": ["from", "phone"],
                "properties": {"from": TEXT, "words": TEXT, "phone": TEXT},
            },
            "lines": {
                **_list(
                    {
                        "type": "object",
                        "required": ["offer_id", "quantity"],
                        "properties": {
                            "offer_id": {"type": "integer", "minimum": 1},
                            "quantity": {"type": "integer", "minimum": 1, "maximum": LARGEST_QUANTITY},
                        },
                    }
                ),
                "minItems": 1,
                "maxItems": MOST_LINES,
            },
            "buyer": {
                "type": "object",
                "required": ["name", "phone"],
                "properties": {"name": TEXT, "phone": {**TEXT, "examples": ["13800008000", "18400000013-7576"]}},
            },
            "address": {
                "description": "in parts, or whole in `text`, beginning with the province",
                "type": "object",
                "properties": dict.fromkeys(("province", "city", "district", "street", "detail", "text"), TEXT),
            },
            "note": TEXT,
            "locale": {"enum": ["zh", "en"]},
        },
    },
    "PlacedOrder": _thing(
        number=TEXT,
        key={**TEXT, "description": "opens the order; keep it private"},
        total_fen=FEN,
        shipping_fen=FEN,
        hold_until=MOMENT,
        order_url=ADDRESS,
        pay_url=ADDRESS,
    ),
    "Order": _thing(
        number=TEXT,
        state={"enum": list(STATES)},
        lines=_list(
            _thing(sku=TEXT, title=TEXT, spec=TEXT, quantity=COUNT, unit_price_fen=FEN, line_total_fen=FEN),
        ),
        goods_fen=FEN,
        shipping_fen=FEN,
        discount_fen=FEN,
        total_fen=FEN,
        refunded_fen=FEN,
        currency={"const": "cny"},
        hold_until=_maybe(MOMENT),
        created_at=MOMENT,
        paid_at=_maybe(MOMENT),
        ship_by=_maybe(MOMENT),
        parcels=_list(
            _thing(
                number=TEXT,
                state={"enum": ["open", "packed", "handed_over"]},
                carrier=_maybe(TEXT),
                carrier_name=_maybe(TEXT),
                tracking_number=_maybe(TEXT),
                handed_over_at=_maybe(MOMENT),
                packed_by={**_maybe(TEXT), "description": "as the packer chose to be shown"},
                way=_maybe(_WAY),
            )
        ),
        refunds=_list(
            _thing(amount_fen=FEN, state={"enum": ["requested", "pending", "succeeded", "failed"]}, requested_at=MOMENT)
        ),
    ),
    "Problem": {
        "description": "RFC 9457. `code` is stable; sentences are for people.",
        "type": "object",
        "required": ["type", "title", "status", "code"],
        "properties": {
            "type": TEXT,
            "title": TEXT,
            "status": COUNT,
            "code": TEXT,
            "left": {**COUNT, "description": "with `out_of_stock`: how many there are"},
            "errors": _list(_thing(field=TEXT, message=TEXT)),
        },
    },
    "Health": _thing(ok={"type": "boolean"}),
    "Readiness": _thing(
        ready={"type": "boolean"},
        problems={"type": "object", "additionalProperties": TEXT},
        warnings={"type": "object", "additionalProperties": TEXT},
        backup_age_s=_maybe(COUNT),
    ),
}

_STREAM_ID = {"name": "stream_id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}


def _says(description: str, schema: str | None = None, media: str = "application/json") -> Schema:
    content = {"content": {media: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}} if schema else {}
    return {"description": description, **content}


def _problem(description: str) -> Schema:
    return _says(description, "Problem", "application/problem+json")


PATHS: dict[str, dict[str, Schema]] = {
    "/api/v1/streams": {
        "get": {
            "summary": "Streams that are live or announced",
            "responses": {"200": _says("Live ones first", "Streams")},
        }
    },
    "/api/v1/streams/{stream_id}/snapshot": {
        "get": {
            "summary": "What is on air, its live price, how many are left; poll it once a second through any HTTP cache",
            "parameters": [
                _STREAM_ID,
                {"name": "If-None-Match", "in": "header", "schema": TEXT, "description": "the ETag that you have"},
            ],
            "responses": {
                "200": _says("With an ETag and `Cache-Control: public, max-age=1`", "Snapshot"),
                "304": _says("You have the newest"),
                "404": _problem("`not_found`"),
            },
        }
    },
    "/api/v1/streams/{stream_id}/orders": {
        "post": {
            "summary": "Order: the goods are held until `hold_until`, to be paid at `pay_url`",
            "parameters": [
                _STREAM_ID,
                {
                    "name": "Idempotency-Key",
                    "in": "header",
                    "required": True,
                    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{8,80}$"},
                    "description": "the same key is the same order, however often it is sent",
                },
            ],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewOrder"}}},
            },
            "responses": {
                "201": _says("Held", "PlacedOrder"),
                "200": _says("The same order again", "PlacedOrder"),
                "400": _problem("No JSON object"),
                "404": _problem("`no_such_offer`"),
                "409": _problem(
                    "`out_of_stock` (with `left`), `offer_closed`, `cap_reached`, `no_fresh_there`, `idempotency_key_reused`"
                ),
                "422": _problem("`invalid`, with `errors` for the fields"),
                "429": _problem("`too_many`, with Retry-After"),
                "503": _problem("`unavailable`, with Retry-After: send the same key again"),
            },
        }
    },
    "/api/v1/orders/{number}": {
        "get": {
            "summary": "An order: state, lines, money, parcels with tracking, refunds",
            "parameters": [{"name": "number", "in": "path", "required": True, "schema": TEXT}],
            "security": [{"orderKey": []}],
            "responses": {
                "200": _says("The order", "Order"),
                "404": _problem("No such order, or not its key"),
            },
        }
    },
    "/webhooks/stripe": {
        "post": {
            "summary": "Signed events from Stripe",
            "parameters": [{"name": "Stripe-Signature", "in": "header", "required": True, "schema": TEXT}],
            "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
            "responses": {
                "200": _says("Stored; sent again it changes nothing"),
                "400": _problem("`bad_signature`, `wrong_mode`, `wrong_account`, `too_large`"),
            },
        }
    },
    "/healthz": {"get": {"summary": "This process answers", "responses": {"200": _says("It does", "Health")}}},
    "/readyz": {
        "get": {
            "summary": "Whether customers may be sent here",
            "responses": {"200": _says("Yes", "Readiness"), "503": _says("No; `problems` names why", "Readiness")},
        }
    },
    "/metrics": {
        "get": {
            "summary": "Figures for Prometheus; with METRICS_TOKEN, or from this machine",
            "security": [{"metricsToken": []}, {}],
            "responses": {"200": {"description": "Prometheus text", "content": {"text/plain": {"schema": TEXT}}}},
        }
    },
    "/api/openapi.json": {
        "get": {
            "summary": "This description",
            "responses": {
                "200": {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}}
            },
        }
    },
}


def description(workshop: str, address: str) -> Schema:
    """The whole description, for one workshop."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{workshop} · Gongfang",
            "version": "1",
            "description": f"Money is in integer fen, times are RFC 3339. Orders may also come from: {', '.join(CHANNELS)}.",
        },
        "servers": [{"url": address}],
        "paths": PATHS,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "orderKey": {"type": "http", "scheme": "bearer", "description": "`key` of the placed order"},
                "metricsToken": {"type": "http", "scheme": "bearer"},
            },
        },
    }


@blueprint.get("/api/openapi.json")
def openapi() -> Schema:
    """The description of the API."""
    return description(setting("workshop_name"), setting("public_url"))
