"""The workshop's charity fund: what was paid in, what it was spent on."""
