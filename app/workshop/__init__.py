"""What the workshop calls itself, kept in the database and changed by the owner; and how a new one begins."""
