"""The standing plan: who packs what next, made by the worker and kept until it is mended."""
