"""CLIP-like models, the only importer of torch, transformers and every other runtime."""
