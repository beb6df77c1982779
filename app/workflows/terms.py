"""The workshop's terms that the workflows decide by; ``app/terms.py`` sets them from the settings."""

from zoneinfo import ZoneInfo

from fulfillment.couriers.terms import SendingTerms
from fulfillment.packing.plans.terms import HandOutTerms
from shop.orders.rules import ShippingTerms

# Above this a box is split.
heaviest_parcel_g = 10_000
sending_terms = SendingTerms(ZoneInfo("Asia/Shanghai"))
# How much is handed out at once, and what counts how much in the plan.
hand_out_terms = HandOutTerms()
# What an order costs to send that the workshop places itself, for whoever is next in line.
shipping_terms = ShippingTerms(flat_fen=600, free_from_fen=9_900, remote_surcharge_fen=1_500)
# How the shop calls itself in messages, and where its pages are.
workshop_name = ""
public_url = ""
