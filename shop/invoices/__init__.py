"""Invoices (发票) that buyers ask for: what is to stand on them, and the number once a person has issued one."""
