"""The board on a screen that nobody signs in at: a link of its own that shows figures only and may be taken back."""
