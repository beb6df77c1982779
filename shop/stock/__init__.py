"""On-hand and held quantities with an append-only ledger of movements."""
