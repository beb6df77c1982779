"""Who is here: shifts and breaks, what suits a person, training, contests. The lowest room of fulfillment."""
