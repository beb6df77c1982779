"""Data for purchase invoices, which the buyer of farm goods issues, and what is missing for whom."""
