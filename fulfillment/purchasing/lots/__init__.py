"""Raw goods by lot: put into bags, or written off."""
