"""Pages and routes of the roof itself: sign-in, webhooks, health, errors."""
