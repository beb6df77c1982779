"""Piece rates and the ledger of piece wages."""
