"""Who gets which work: pure decisions."""
