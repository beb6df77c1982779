"""What goods in the house cost: what farmers were paid for them, followed from delivery to lot to bag."""
