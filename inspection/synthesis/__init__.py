"""Parts and defects rendered by seed, with masks, and sentences about them."""
