"""What the roof draws with typst: pictures of so many pixels, and papers of tables."""
