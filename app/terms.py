"""Hands the workshop's terms down to the workflows: the only way from settings to what they decide by."""

from datetime import timedelta

from app.weights import weights_of
from app.workflows import terms
from config import Settings
from fulfillment.couriers.terms import SendingTerms
from fulfillment.packing.plans.terms import HandOutTerms
from shop.orders.rules import ShippingTerms


def hand_down(settings: Settings) -> None:
    """Let the workflows of this process decide by these settings."""
    terms.heaviest_parcel_g = settings.heaviest_parcel_g
    terms.hand_out_terms = HandOutTerms(
        largest_batch=settings.largest_batch,
        heaviest_batch_g=settings.heaviest_batch_g,
        usual_shift=timedelta(minutes=settings.usual_shift_minutes),
        weights=weights_of(settings),
    )
    terms.workshop_name, terms.public_url = settings.workshop_name, settings.public_url
    terms.shipping_terms = ShippingTerms(
        settings.shipping_fen, settings.free_shipping_from_fen, settings.remote_surcharge_fen
    )
    terms.sending_terms = SendingTerms(
        zone=settings.workshop_zone,
        box_tare_g=settings.box_tare_g,
        within_days=settings.deliver_within_days,
        fresh_within_days=settings.deliver_fresh_within_days,
        tolerance_g=settings.weight_tolerance_g,
        tolerance_bps=settings.weight_tolerance_bps,
    )
