"""The workshop's terms that the workflows decide by; ``app/terms.py`` sets them from the settings."""

from zoneinfo import ZoneInfo

from fulfillment.couriers.terms import SendingTerms
from fulfillment.packing.plans.terms import HandOutTerms

# Above this a box is split.
heaviest_parcel_g = 10_000
sending_terms = SendingTerms(ZoneInfo("Asia/Shanghai"))
# How much is handed out at once, and what counts how much in the plan.
hand_out_terms = HandOutTerms()
