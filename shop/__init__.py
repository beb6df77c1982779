"""What is sold: catalogue, stock, streams, orders, payments, channels and the storefront."""
