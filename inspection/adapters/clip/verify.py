"""Whether a checkpoint is what it was and does what it must."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspection.adapters.clip.backbone import load_backbone
from inspection.adapters.clip.checkpoint import BUNDLED, MODEL_TYPES, Checkpoint, fetch_again
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.adapters.clip.record import differences, differs_from_hub, files_of, hub_digests, read_record
from inspection.domain.errors import ModelError, ScoringError
from inspection.domain.types import Pixels

_PHRASES = ("a part without a flaw", "a part with a long scratch")
_SAME = 1e-5


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `found`: what it is, or what is wrong and what to do."""

    what: str
    well: bool
    found: str


def verify(checkpoint: Checkpoint, name: str) -> list[Check]:
    """Files, weights and a self-test; `name` is what it was asked for by. The later ones only if those before are
    well: a file that was exchanged is not opened."""
    checks = [_files(checkpoint)]
    if not checks[0].well:
        return checks
    try:
        if checkpoint.model_type() not in MODEL_TYPES:
            return [*checks, _backbone(name)]
        encoder = ClipEncoder.load(name)
    except ModelError as error:
        return [*checks, Check("weights", False, str(error))]
    checks.append(Check("weights", True, f"every tensor is in the file, sha256 {encoder.fingerprint['weights']}"))
    return [*checks, _self_test(encoder)]


def _backbone(name: str) -> Check:
    """Raises ModelError as `load_backbone`, which looks at one picture with it."""
    fingerprint = load_backbone(name, "as-trained").fingerprint
    told = f"every tensor is in the file, sha256 {fingerprint['weights']}; a {fingerprint['type']} to compare with: it"
    return Check("weights", True, f"{told} does not read, so no line can judge by it")


def _files(checkpoint: Checkpoint) -> Check:
    try:
        record = read_record(checkpoint)
    except ModelError as error:
        return Check("files", False, str(error))
    now = files_of(checkpoint)
    if record is not None:
        wrong = differences(record.files, now)
        source = f"recorded {record.recorded_utc}"
    else:
        digests = hub_digests(checkpoint)
        wrong = [
            f"{file} has changed"
            for file, digest in digests.items()
            if differs_from_hub(checkpoint.folder / file, digest)
        ]
        source = "the hub said" if digests else ""
    if wrong:
        again = "install inspection again" if checkpoint.name == BUNDLED else fetch_again(checkpoint.name)
        return Check("files", False, f"{', '.join(wrong)}; {again}")
    if not source:
        return Check("files", True, f"{len(now)} files; there is no record to hold them against")
    return Check("files", True, f"{len(now)} files, each as {source}")


def _self_test(encoder: ClipEncoder) -> Check:
    """Pictures and phrases in one space, of unit length, each its own and the same when asked again."""
    try:
        pictures, again = encoder.embed_images(_pictures()), encoder.embed_images(_pictures())
        phrases = encoder.embed_texts(_PHRASES)
    except (ModelError, ScoringError, RuntimeError, ValueError) as error:
        return Check("self-test", False, f"{error}; use another checkpoint")
    width = pictures.shape[1]
    faults = [
        (phrases.shape[1] != width, f"pictures have {width} dimensions and phrases {phrases.shape[1]}"),
        (not np.allclose(np.linalg.norm(np.vstack([pictures, again]), axis=1), 1, atol=1e-4), "a length is not 1"),
        (np.abs(pictures - again).max() > _SAME, "the same pictures gave other embeddings the second time"),
        (np.abs(pictures[0] - pictures[1]).max() < _SAME, "two different pictures have the same embedding"),
        (np.abs(phrases[0] - phrases[1]).max() < _SAME, "two different phrases have the same embedding"),
    ]
    told = [text for fault, text in faults if fault]
    if told:
        return Check("self-test", False, f"{'; '.join(told)}; use another checkpoint")
    return Check("self-test", True, f"pictures and phrases in one space of {width} dimensions, the same twice")


def _pictures() -> list[Pixels]:
    """Noise, upright, and a bright bar on grey, lying."""
    noise = np.random.default_rng(0).integers(0, 256, (320, 240, 3), dtype=np.uint8)
    bar = np.full((180, 320, 3), 90, np.uint8)
    bar[80:100] = 240
    return [noise, bar]
