"""What places and references cost a frame: of each runtime here, the median milliseconds from a frame's pixels to its
scores by the sentences alone, and by both, all of them in turns; and how far distances are from torch's in float32."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.encoder import measure as in_turns
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.adapters.clip.runtimes import REFERENCE, runtimes
from inspection.domain.errors import ModelError
from inspection.domain.types import Pixels, Vectors
from inspection.scoring.part_scorer import PartScorer
from inspection.scoring.references import Bank, bank_of


class _WithoutPlaces:
    """The same encoder, where nothing asks for places: what a frame would take without them."""

    def __init__(self, encoder: ClipEncoder) -> None:
        self._encoder = encoder
        self.fingerprint, self.logit_scale = encoder.fingerprint, encoder.logit_scale

    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        return self._encoder.embed_images(images)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        return self._encoder.embed_texts(texts)


def cost(
    encoder: ClipEncoder, scorer: PartScorer, good: list[Pixels], references: int, seconds: float
) -> dict[str, dict[str, float | None]]:
    """Of each runtime that the model runs on here, by these good parts, of which the first are references:
    `sentences_ms`, `both_ms`, and `times`, the second by the first; `moved_sigma`: how far at most the distance of one
    of the others is from torch's in float32, and `moved_sigma_by_torch`: the same, held against references as torch
    saw them; None where there are not two others."""

    def looking(by: PartScorer) -> Callable[[], object]:
        return lambda: by.look(good[:1])

    calls, features = {}, {}
    for runtime in runtimes():
        try:
            other = encoder.on(runtime)
        except ModelError:
            continue
        by_sentences, seeing = scorer.on(_WithoutPlaces(other)), scorer.on(other)
        features[str(runtime)] = seen = np.concatenate([seeing.features([frame]) for frame in good])
        by_both = seeing.with_references(bank_of(seen[:references]))
        calls[f"{runtime} sentences"] = (looking(by_sentences), 1)
        calls[f"{runtime} both"] = (looking(by_both), 1)
    ms = {what: statistics.median(took) for what, took in in_turns(calls, seconds).items()}
    by_torch = bank_of(features[str(REFERENCE)][:references])

    def moved(by: Bank, name: str) -> float | None:
        if len(good) < references + 2:
            return None
        then = by_torch.score(features[str(REFERENCE)][references:])
        return float(f"{np.abs(by.score(features[name][references:]) - then).max() / then.std(ddof=1):.2g}")

    return {
        name: {
            "sentences_ms": round(ms[f"{name} sentences"], 2),
            "both_ms": round(ms[f"{name} both"], 2),
            "times": round(ms[f"{name} both"] / ms[f"{name} sentences"], 3),
            "moved_sigma": moved(bank_of(features[name][:references]), name),
            "moved_sigma_by_torch": moved(by_torch, name),
        }
        for name in features
    }
