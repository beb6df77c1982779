"""Waybills: asked of a courier, issued, cancelled, printed; by its interface or by its own sheet."""
