"""What people who bought a product say about it, with stars; looked at by a person before others read it."""
