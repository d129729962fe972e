"""CLIP-like models, the only importer of torch and transformers."""
