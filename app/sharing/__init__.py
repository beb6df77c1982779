"""Cards to share: pictures of an offer or a product for chat apps, for printing, and its QR code."""
