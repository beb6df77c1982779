"""Sample checks: a few packed boxes, fairly chosen, are looked at."""
