"""Hands the workshop's terms down to the workflows: the only way from settings to what they decide by."""

from app import workflows
from config import Settings
from fulfillment.couriers.fees.rules import SendingTerms


def hand_down(settings: Settings) -> None:
    """Let the workflows of this process decide by these settings."""
    workflows.heaviest_parcel_g = settings.heaviest_parcel_g
    workflows.sending_terms = SendingTerms(
        zone=settings.workshop_zone,
        box_tare_g=settings.box_tare_g,
        within_days=settings.deliver_within_days,
        fresh_within_days=settings.deliver_fresh_within_days,
        tolerance_g=settings.weight_tolerance_g,
        tolerance_bps=settings.weight_tolerance_bps,
    )
