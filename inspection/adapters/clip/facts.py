"""What can be said of a checkpoint without loading it, and which ones are worth loading."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from inspection.adapters.clip.checkpoint import CARDS, Checkpoint, fetch_again
from inspection.adapters.clip.patches import PatchPreprocessing
from inspection.adapters.clip.preprocessing import Preprocessing
from inspection.domain.errors import ModelError

_LICENCE = re.compile(r"^(?:license:|\| Licence \|)\s*['\"]?([\w.+-]+)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Facts:
    """`width`: of an embedding; `tokens`: the longest phrase; `size`: of all its files, in bytes."""

    type: str
    size: int
    width: int
    picture: str
    tokens: int
    licence: str


def facts_of(checkpoint: Checkpoint) -> Facts:
    """Raises ModelError where a file is missing or cannot be used."""
    try:
        return _facts_of(checkpoint)
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        told = f"model {checkpoint.name}: config.json cannot be used ({error})"
        raise ModelError(f"{told}; {fetch_again(checkpoint.name)}") from error


def _facts_of(checkpoint: Checkpoint) -> Facts:
    config = checkpoint.config()
    kind = str(config["model_type"])
    text = config.get("text_config") or {}
    picture = (
        f"at most {PatchPreprocessing.read(checkpoint).most_patches} patches"
        if kind == "siglip2"
        else "{} x {}".format(*Preprocessing.read(checkpoint, kind, "whole").input_px)
    )
    return Facts(
        type=kind,
        size=sum(path.stat().st_size for path in checkpoint.own_files()),
        width=_width(kind, config, text),
        picture=picture,
        tokens=int({**config, **text}.get("max_position_embeddings", 77 if kind == "clip" else 64)),
        licence=_licence(card_of(checkpoint)),
    )


def card_of(checkpoint: Checkpoint) -> str:
    """The text of its model card; empty if it has none."""
    for path in (checkpoint.folder / name for name in CARDS):
        if path.is_file():
            return path.read_text(encoding="utf-8", errors="replace")
    return ""


def _width(kind: str, config: dict[str, Any], text: dict[str, Any]) -> int:
    """The defaults are those of transformers: a published config leaves out what equals them."""
    if kind in ("siglip", "siglip2"):
        return int(text.get("projection_size") or text.get("hidden_size", 768))
    return int(config.get("projection_dim", 512))


def _licence(card: str) -> str:
    found = _LICENCE.search(card)
    return found[1] if found else "not said"


@dataclass(frozen=True, slots=True)
class Known:
    """A checkpoint of the hub that this program can run. `mb`: what is downloaded. See docs/models.md."""

    name: str
    mb: int
    licence: str
    picture_px: int
    good_for: str


WORTH_USING = (
    Known("laion/CLIP-ViT-B-32-laion2B-s34B-b79K", 610, "mit", 224, "the fastest; large defects"),
    Known("google/siglip-base-patch16-256", 820, "apache-2.0", 256, "finer detail; English"),
    Known("google/siglip2-base-patch16-224", 1540, "apache-2.0", 224, "finer detail; phrases in many languages"),
    Known("google/siglip2-base-patch16-naflex", 1540, "apache-2.0", 256, "long or flat parts, in their proportions"),
    Known("google/siglip2-so400m-patch14-384", 4580, "apache-2.0", 384, "small defects on slow lines"),
)
