"""The workshop's printers: which paper lies in each, and how far each is off."""
