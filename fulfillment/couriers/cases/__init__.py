"""What a courier could not do, as work for the lead: each with what to do, notes and an end."""
