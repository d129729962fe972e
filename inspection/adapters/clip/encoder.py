"""The one file through which a CLIP or SigLIP checkpoint is loaded and run.

Weights are data: safetensors only, no remote code, nothing is downloaded, every tensor must be in the file.
Importing this module does not import torch; the first `ClipEncoder.load` does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from inspection.adapters.clip.checkpoint import BUNDLED, PARTS_CLIP, Checkpoint, fetch_again, find
from inspection.adapters.clip.memory import give_back_heap, give_back_pages
from inspection.adapters.clip.patches import PatchPreprocessing
from inspection.adapters.clip.phrases import PhraseReader
from inspection.adapters.clip.preprocessing import Preprocessing, View
from inspection.adapters.clip.runtimes import REFERENCE, Runtime, station_threads
from inspection.domain.errors import ModelError, ScoringError
from inspection.domain.ports import Reading
from inspection.domain.types import Pixels, Vectors

if TYPE_CHECKING:
    from torch import Tensor

BATCH = 16


class ClipEncoder:
    """`ports.Encoder`: phrases and maps by torch in float32, whole pictures by the runtime that was chosen, or by torch
    too. Not for use from two threads at once."""

    def __init__(
        self,
        model: Any,
        phrases: PhraseReader,
        preprocessing: Preprocessing | PatchPreprocessing,
        *,
        fingerprint: Mapping[str, str],
        runtime: Runtime = REFERENCE,
    ) -> None:
        """`fingerprint`: but for `runtime`. Raises ModelError where the model cannot run on that, or score."""
        self._model = model.eval().requires_grad_(False)
        self._phrases = phrases
        self._preprocessing = preprocessing
        self._fingerprint = MappingProxyType({**fingerprint, "runtime": runtime.describe(phrases.tokenizer.library)})
        self._runtime = runtime
        self._scale = float(model.logit_scale.detach().exp())
        if not math.isfinite(self._scale):
            name = fingerprint["model"]
            raise ModelError(f"model {name}: its logit_scale is not finite; {fetch_again(name)}")
        input_px = preprocessing.input_px if isinstance(preprocessing, Preprocessing) else None
        self._tower = runtime.open(self._model, input_px)

    @classmethod
    def load(cls, name: str, *, view: View = "whole") -> ClipEncoder:
        """`"bundled"`, a local folder, or the hub id of a model that is in the local cache; on the reference runtime.

        `view`: whether a picture's border may be cropped away, see `Preprocessing`. Raises ModelError when the model is
        not there, is not CLIP or SigLIP, or is not whole.
        """
        checkpoint = find(name)
        kind = checkpoint.config()["model_type"]
        weights = checkpoint.weights_digest()
        preprocessing = (
            PatchPreprocessing.read(checkpoint) if kind == "siglip2" else Preprocessing.read(checkpoint, kind, view)
        )
        model, phrases = _load_both(checkpoint, kind)
        if isinstance(preprocessing, Preprocessing):
            _check_size(checkpoint, model.config, preprocessing)
        fingerprint = {
            "model": checkpoint.name,
            "weights": weights,
            "architecture": checkpoint.config_digest()[:16],
            "preprocessing": preprocessing.describe(),
            "text_processing": f"tokenizer={checkpoint.tokenizer_digest()[:16]} {phrases.describe()}",
        }
        return cls(model, phrases, preprocessing, fingerprint=fingerprint)

    def on(self, runtime: Runtime, tuning: str | None = None) -> ClipEncoder:
        """The same model with its image tower on another runtime. `tuning`: the record by which it may be, for the
        fingerprint. Raises ModelError where it does not run there."""
        fingerprint = {**self._fingerprint, **({"tuning": tuning} if tuning else {})}
        return ClipEncoder(self._model, self._phrases, self._preprocessing, fingerprint=fingerprint, runtime=runtime)

    def free_torch_tower(self) -> None:
        """Let go of torch's image tower where another runtime has one of its own and the model has no maps; and give
        back what converting took, and what of the weights' file was read into memory. OpenVINO's model goes on using
        weights that were torch's, so of those that are not in the file as they are nothing is gained there. The
        encoder that this one was made of with `on` looks at no picture from then on."""
        if self._runtime != REFERENCE and hasattr(self._model, "vision_model"):
            del self._model.vision_model
            give_back_pages(self._model.parameters())  # with the text tower the whole file of both stays mapped
        give_back_heap()

    def with_random_weights(self, seed: int) -> ClipEncoder:
        """The same architecture with weights that learnt nothing, both towers; the same seed gives the same ones.

        Pictures and phrases are prepared as for this one. torch's generators are left as they were.
        """
        import torch

        with torch.random.fork_rng(devices=()):  # with those of GPUs, each would be started, and one may be full
            torch.default_generator.manual_seed(seed)
            model = type(self._model)(deepcopy(self._model.config))
        fingerprint = {**self._fingerprint, "weights": f"random {seed}"}
        return ClipEncoder(model, self._phrases, self._preprocessing, fingerprint=fingerprint)

    @property
    def logit_scale(self) -> float:
        """What cosines are multiplied with; frozen with the weights."""
        return self._scale

    @property
    def fingerprint(self) -> Mapping[str, str]:
        return self._fingerprint

    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        """RGB uint8 (H, W, 3) each, of any sizes -> float32 (n, D), unit length.

        Raises ScoringError if a component is not finite, ValueError if a picture is something else.
        """
        return self._unit([made[0] for made in self._made(images)], "picture")

    def embed_with_places(self, images: Sequence[Pixels]) -> tuple[Vectors, Vectors]:
        """RGB uint8 (H, W, 3) each -> as `embed_images`, and float32 (n, h, w, C): what each place looks like, in no
        words. On the runtime that was chosen, in one pass.

        Raises as `embed_images`, not for places that are not finite: whoever fits them looks; ModelError for a model
        without such a map.
        """
        import torch

        from inspection.adapters.clip.tower import has_places

        if not has_places(self._model):
            raise self._lacks("map of places")
        made = list(self._made(images))
        embeddings = self._unit([features for features, _ in made], "picture")
        if not made:
            return embeddings, np.zeros((0, 0, 0, 0), np.float32)
        places = torch.cat([places for _, places in made]).permute(0, 2, 3, 1)
        return embeddings, np.asarray(places.contiguous().numpy())

    def _made(self, images: Sequence[Pixels]) -> Iterator[tuple[Tensor, ...]]:
        """What the tower makes of them, a batch at a time."""
        for start in range(0, len(images), BATCH):
            yield self._tower(self._preprocessing.apply(images[start : start + BATCH]))

    def embed_cells(self, images: Sequence[Pixels]) -> Vectors:
        """RGB uint8 (H, W, 3) each -> float32 (n, h, w, D), unit length over D, in the space of the sentences: the dot
        product with any description's direction is a map of where it fits.

        Raises ModelError for a model without such a map, ScoringError and ValueError as `embed_images`.
        """
        import torch

        if not hasattr(self._model, "get_dense_features"):
            raise self._lacks("map in the space of sentences")
        with torch.inference_mode():
            parts = [
                self._model.get_dense_features(**self._preprocessing.apply(batch))[1]
                for batch in (images[start : start + BATCH] for start in range(0, len(images), BATCH))
            ]
        if not parts:
            return np.zeros((0, 0, 0, self._width()), np.float32)
        maps = torch.cat(parts).permute(0, 2, 3, 1)
        return self._unit([maps.flatten(0, 2)], "cell").reshape(*maps.shape)

    def _lacks(self, what: str) -> ModelError:
        return ModelError(f"model {self._fingerprint['model']}: it has no {what}; use {BUNDLED!r} for one")

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Phrases -> float32 (n, D), unit length; longer ones than the model reads are cut. Raises ModelError where the
        tokenizer is of another model, ScoringError as `embed_images`."""
        import torch

        with torch.inference_mode():
            parts = [self._text_features(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        return self._unit(parts, "phrase")

    def read_phrases(self, texts: Sequence[str]) -> list[Reading]:
        """How the model reads each phrase: what it cuts off, tears, or does not know."""
        return self._phrases.readings(texts)

    def _text_features(self, texts: Sequence[str]) -> Tensor:
        from inspection.adapters.clip.tower import tensor_of

        read = self._phrases.read(texts)
        greatest, words = int(read["input_ids"].max()), int(_text_config(self._model).vocab_size)
        if greatest >= words:
            name = self._fingerprint["model"]
            told = f"its tokenizer reads a word with id {greatest}, and its config says {words} words"
            raise ModelError(f"model {name}: {told}; {fetch_again(name)}")
        return tensor_of(self._model.get_text_features(**read))

    def _unit(self, parts: Sequence[Tensor], what: str) -> Vectors:
        import torch

        if not parts:
            return np.zeros((0, self._width()), np.float32)
        vectors = torch.cat(list(parts)).float()
        lengths = vectors.norm(dim=1, keepdim=True)
        broken = ~torch.isfinite(vectors).all(dim=1) | ~torch.isfinite(lengths[:, 0]) | (lengths[:, 0] == 0)
        if bool(broken.any()):
            index = int(broken.nonzero()[0, 0])
            raise ScoringError(
                f"model {self._fingerprint['model']}: the embedding of {what} {index} is not finite; "
                "check the model with 'inspection doctor'"
            )
        return np.asarray((vectors / lengths).cpu().numpy(), np.float32)

    def _width(self) -> int:
        return int(self._text_features(["part"]).shape[1])


def _check_size(checkpoint: Checkpoint, config: Any, preprocessing: Preprocessing) -> None:
    """Positions are learnt for one size; other pictures would stop the first part instead of the start."""
    size = getattr(config, "vision_config", config).image_size
    wanted = (size, size) if isinstance(size, int) else tuple(size)
    if preprocessing.input_px != wanted:
        raise ModelError(
            f"model {checkpoint.name}: its image processor makes pictures of {preprocessing.input_px} pixels and its "
            f"config says {wanted}; {fetch_again(checkpoint.name)}"
        )


def _load_both(checkpoint: Checkpoint, kind: str) -> tuple[Any, PhraseReader]:
    import torch

    torch.set_num_threads(min(torch.get_num_threads(), station_threads()))
    try:
        for path in checkpoint.weight_files():
            _require_whole(path)
        model, lacking = _towers(checkpoint) if kind == PARTS_CLIP else _by_transformers(checkpoint)
        text = _text_config(model)
        phrases = PhraseReader.load(checkpoint, kind, int(text.max_position_embeddings), int(text.vocab_size))
    except ModelError:
        raise
    except Exception as error:  # transformers and the formats' libraries answer with anything; told as ModelError
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelError(
            f"model {checkpoint.name}: cannot be loaded ({reason}); {fetch_again(checkpoint.name)}"
        ) from error
    if lacking:
        # They would be random numbers, which would judge parts by chance.
        raise ModelError(
            f"model {checkpoint.name}: {len(lacking)} weights are not in its file, first {lacking[0]}; "
            f"{fetch_again(checkpoint.name)}"
        )
    # So that one picture's convolutions are multiplied as they lie: a sixth less time, the same result to 1e-5.
    return model.to(memory_format=torch.channels_last), phrases


def _text_config(model: Any) -> Any:
    """What of its config is of the text tower."""
    return getattr(model.config, "text_config", model.config)


def _require_whole(path: Path) -> None:
    """Raises ValueError naming the file of weights, if its head does not fit it."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt"):
            pass
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path.name}: {error}") from error


def _towers(checkpoint: Checkpoint) -> tuple[Any, list[str]]:
    from inspection.adapters.clip.parts_towers import load_towers

    return load_towers(checkpoint)


def _by_transformers(checkpoint: Checkpoint) -> tuple[Any, list[str]]:
    """The model, and the names of weights that are not in its file."""
    import torch
    from transformers import AutoModel
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    model, report = AutoModel.from_pretrained(
        checkpoint.folder,
        local_files_only=True,
        use_safetensors=True,
        dtype=torch.float32,
        output_loading_info=True,
    )
    return model, sorted(report["missing_keys"]) + sorted(str(key) for key in report.get("mismatched_keys", ()))
