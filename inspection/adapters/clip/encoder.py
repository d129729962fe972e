"""The one file through which a CLIP or SigLIP checkpoint is loaded and run.

Weights are data: safetensors only, no remote code, nothing is downloaded, every tensor must be in the file.
Importing this module does not import torch; the first `ClipEncoder.load` does.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from inspection.adapters.clip.preprocessing import Preprocessing
from inspection.domain.errors import ModelError, ScoringError
from inspection.domain.types import Pixels, Vectors

if TYPE_CHECKING:
    from torch import Tensor

BUNDLED = "bundled"
BUNDLED_FOLDER = Path(__file__).parent / "bundled"
MODEL_TYPES = ("parts_clip", "clip", "siglip")
MOST_THREADS = 4
BATCH = 16
FOLDER_STARTS = ("/", ".", "~")
TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "tokenizer.model",
    "tokenizer_config.json",
)


class ClipEncoder:
    """`ports.Encoder` on torch, float32. Not for use from two threads at once."""

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        preprocessing: Preprocessing,
        *,
        fingerprint: Mapping[str, str],
        device: str,
        text_length: int,
        pads_to_length: bool,
    ) -> None:
        self._model = model.eval().requires_grad_(False).to(device)
        self._tokenizer = tokenizer
        self._preprocessing = preprocessing
        self._fingerprint = MappingProxyType(dict(fingerprint))
        self._device = device
        self._text_length = text_length
        self._pads_to_length = pads_to_length
        self._scale = float(model.logit_scale.detach().exp())

    @classmethod
    def load(cls, name_or_path: str, *, device: str = "cpu") -> ClipEncoder:
        """`"bundled"`, a local folder, or the hub id of a model that is in the local cache.

        Raises ModelError when it is not there, is not CLIP or SigLIP, or is not whole.
        """
        name, folder = _find(name_or_path)
        config = _read_config(name, folder)
        weights = _weights_digest(name, folder)
        preprocessing = Preprocessing.read(folder, config["model_type"])
        model, tokenizer = _load_both(name, folder, config["model_type"])
        siglip = config["model_type"] == "siglip"
        text_length = int(getattr(model.config, "text_config", model.config).max_position_embeddings)
        padding = "max" if siglip else "longest"
        fingerprint = {
            "model": name,
            "weights": weights,
            "runtime": _runtime(device),
            "preprocessing": preprocessing.describe(),
            "text_processing": f"tokenizer={_digest(folder)[:16]} length={text_length} padding={padding}",
        }
        return cls(
            model,
            tokenizer,
            preprocessing,
            fingerprint=fingerprint,
            device=device,
            text_length=text_length,
            pads_to_length=siglip,
        )

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
        import torch

        with torch.inference_mode():
            batches = (images[start : start + BATCH] for start in range(0, len(images), BATCH))
            inputs = (self._preprocessing.apply(batch).to(self._device) for batch in batches)
            parts = [self._model.get_image_features(pixel_values=values) for values in inputs]
        return self._unit(parts, "picture")

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Phrases -> float32 (n, D), unit length; longer ones than the model reads are cut."""
        import torch

        with torch.inference_mode():
            parts = [self._text_features(list(texts[start : start + BATCH])) for start in range(0, len(texts), BATCH)]
        return self._unit(parts, "phrase")

    def _text_features(self, texts: list[str]) -> Any:
        tokens = self._tokenizer(
            texts,
            padding="max_length" if self._pads_to_length else "longest",
            truncation=True,
            max_length=self._text_length,
            return_tensors="pt",
        )
        # SigLIP was trained without a mask: its padding is read like any other token.
        mask = {} if self._pads_to_length else {"attention_mask": tokens["attention_mask"].to(self._device)}
        return self._model.get_text_features(input_ids=tokens["input_ids"].to(self._device), **mask)

    def _unit(self, parts: Sequence[Any], what: str) -> Vectors:
        import torch

        if not parts:
            return np.zeros((0, self._width()), np.float32)
        vectors = torch.cat([_tensor(part) for part in parts]).float()
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
        return int(_tensor(self._text_features(["part"])).shape[1])


def _tensor(features: Any) -> Tensor:
    """transformers 5 wraps the features of its own CLIP and SigLIP in an output object."""
    tensor: Tensor = features if hasattr(features, "norm") else features.pooler_output
    return tensor


def _find(name_or_path: str) -> tuple[str, Path]:
    """The name to go by and the folder. The name of a folder is its last part: it may be moved."""
    advice = f"give a folder (/…, ./…, ~/…), a model pulled before, or {BUNDLED!r} for the one that comes with it"
    if name_or_path == BUNDLED:
        if not (BUNDLED_FOLDER / "config.json").is_file():
            raise ModelError(
                f"model {BUNDLED!r}: its files are missing from the installation; install inspection again"
            )
        return BUNDLED, BUNDLED_FOLDER
    if name_or_path.startswith(FOLDER_STARTS):  # nothing else: a hub id is no folder of the working directory
        path = Path(name_or_path).expanduser()
        if not path.is_dir():
            raise ModelError(f"model {name_or_path}: there is no such folder; {advice}")
        if not (path / "config.json").is_file():
            raise ModelError(f"model {name_or_path}: there is no config.json in that folder; {advice}")
        return path.resolve().name, path
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return name_or_path, Path(snapshot_download(name_or_path, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, OSError) as error:
        raise ModelError(
            f"model {name_or_path}: it is not in the local cache, and nothing is downloaded during a run; {advice}"
        ) from error


def _read_config(name: str, folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"model {name}: config.json cannot be read ({error}); fetch the model again") from error
    if not isinstance(config, dict) or config.get("model_type") not in MODEL_TYPES:
        kind = config.get("model_type") if isinstance(config, dict) else None
        raise ModelError(f"model {name}: its type is {kind!r}; it must be one of {', '.join(MODEL_TYPES)}")
    return config


def _weights_digest(name: str, folder: Path) -> str:
    """sha256 of the safetensors file; of several, the sha256 of their digests, sorted by name."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ModelError(f"model {name}: no .safetensors file in its folder; no other format of weights is opened")
    digests = []
    for path in files:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _digest(folder: Path) -> str:
    """sha256 of the tokenizer's files."""
    digest = hashlib.sha256()
    for path in (folder / file for file in TOKENIZER_FILES):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _load_both(name: str, folder: Path, model_type: str) -> tuple[Any, Any]:
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    if model_type == "parts_clip":
        import inspection.adapters.clip.parts_clip  # noqa: F401  (registers the type)

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    # One core is left to the gate link and the stores: threads that wait for a core that is taken spin, and a
    # picture then takes ten times as long.
    torch.set_num_threads(max(1, min(torch.get_num_threads(), _cores() - 1, MOST_THREADS)))
    try:
        model, report = AutoModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, ImportError, SafetensorError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"model {name}: cannot be loaded ({reason}); fetch it again or use {BUNDLED!r}") from error
    lacking = sorted(report["missing_keys"]) + sorted(str(key) for key in report.get("mismatched_keys", ()))
    if lacking:
        # transformers fills these with random numbers, which would judge parts by chance.
        raise ModelError(
            f"model {name}: {len(lacking)} weights are not in its file, first {lacking[0]}; fetch it again"
        )
    return model, tokenizer


def _cores() -> int:
    """Those that this process may use; all of them where the system cannot say."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _runtime(device: str) -> str:
    import torch
    import transformers

    return f"torch {torch.__version__.split('+')[0]} transformers {transformers.__version__} float32 {device}"
