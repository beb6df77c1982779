"""Who grows for us and what was agreed: farmers, grades, contracts."""
