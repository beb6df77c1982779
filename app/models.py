"""Imports every table, so that migrations and tests see all of them."""

from importlib import import_module

from kernel.db import Base

TABLE_MODULES = (
    "kernel.audit",
    "kernel.limits",
    "kernel.notices.models",
    "kernel.once",
    "kernel.outbox",
    "kernel.tally",
    "kernel.people.models",
    "shop.catalog.models",
    "shop.stock.models",
    "shop.streams.audience",
    "shop.streams.models",
    "shop.orders.models",
    "shop.waitlist.models",
    "shop.complaints.models",
    "shop.reviews.models",
    "shop.invoices.models",
    "shop.vouchers.models",
    "shop.payments.models",
    "shop.channels.models",
    "fulfillment.crew.models",
    "fulfillment.crew.notes.models",
    "fulfillment.crew.training.models",
    "fulfillment.piecework.models",
    "fulfillment.piecework.work.models",
    "fulfillment.piecework.corrections.models",
    "fulfillment.piecework.minimum.models",
    "fulfillment.piecework.pay.models",
    "fulfillment.labels.printers.models",
    "fulfillment.packing.models",
    "fulfillment.couriers.cases.models",
    "fulfillment.couriers.waybills.models",
    "fulfillment.couriers.tracking.models",
    "fulfillment.packing.contests.models",
    "fulfillment.packing.day_close.models",
    "fulfillment.packing.pins.models",
    "fulfillment.packing.plans.models",
    "fulfillment.packing.samples.models",
    "fulfillment.packing.boxes.models",
    "fulfillment.packing.holds.models",
    "fulfillment.bags.models",
    "fulfillment.couriers.fees.models",
    "fulfillment.couriers.weighing.models",
    "fulfillment.couriers.lists.models",
    "fulfillment.purchasing.lots.models",
    "fulfillment.purchasing.weighing.models",
    "fulfillment.purchasing.accounts.models",
    "fulfillment.purchasing.asking.models",
    "fulfillment.purchasing.corrections.models",
    "fulfillment.purchasing.own.models",
    "fulfillment.purchasing.planning.models",
    "fulfillment.purchasing.settlements.models",
    "fulfillment.purchasing.runs.models",
    "fulfillment.purchasing.repacking.models",
    "fulfillment.bench.queue_models",
    "app.care.models",
)

for _module in TABLE_MODULES:
    import_module(_module)

metadata = Base.metadata
