"""Stand-ins for Stripe, couriers and the Xinfadi feed, speaking the real protocols on loopback: for the demo and the tests."""
