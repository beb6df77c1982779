"""Market prices that were corrected after farmers were paid by them: what is missing, and what a person decides."""
