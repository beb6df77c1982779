"""The weights of routing from the settings; a module of its own, so that the command that needs nothing else starts fast."""

from config import Settings
from fulfillment.routing.day import Weights


def weights_of(settings: Settings) -> Weights:
    """What counts how much when work is shared out."""
    return Weights(settings.routing_late, settings.routing_fairness, settings.routing_keeping, settings.routing_set_up)
