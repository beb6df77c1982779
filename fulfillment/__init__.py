"""What the village does: packing, piece wages, labels, couriers, and buying from farmers."""
