"""A quality-control station: CLIP rates every part against sentences, a gate diverts the bad ones."""

__version__ = "0.1.0"
