"""Being paid through Stripe's hosted page: payments, events, refunds."""
