"""A checkpoint on this machine: the bundled one, a folder, or one in the hub's local cache. Nothing is downloaded here.

Weights are data: safetensors only, and only the files that are named below are ever opened or fetched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspection.adapters.clip.plain import json_object
from inspection.domain.errors import ModelError
from inspection.domain.hub_id import is_hub_id, not_a_hub_id

BUNDLED = "bundled"
BUNDLED_FOLDER = Path(__file__).parent / "bundled"
PARTS_CLIP = "parts_clip"
"""The type of the bundled model, and of those that are trained here."""
MODEL_TYPES = (PARTS_CLIP, "clip", "siglip", "siglip2")
_OF_THE_WRITER = {"_name_or_path", "transformers_version"}
FOLDER_STARTS = ("/", ".", "~")
WEIGHTS, WEIGHTS_INDEX = "model.safetensors", "model.safetensors.index.json"
PROCESSOR_FILES = ("processor_config.json", "preprocessor_config.json")
TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)
CARDS = ("README.md", "MODEL_CARD.md")
FILES = (
    "config.json",
    WEIGHTS,
    WEIGHTS_INDEX,
    "model-*-of-*.safetensors",
    *PROCESSOR_FILES,
    *TOKENIZER_FILES,
    *CARDS,
    "LICENSE*",
)
"""Patterns of what belongs to a checkpoint: no pickles, no code, no second copy for another library."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`name`: what the recipe calls it; of a folder its last part, as a folder may be moved."""

    name: str
    folder: Path

    def model_type(self) -> str | None:
        """What config.json says; None if it says nothing. Raises ModelError if it cannot be read."""
        config = self._stored_config()
        return str(config["model_type"]) if "model_type" in config else None

    def config(self) -> dict[str, Any]:
        """config.json. Raises ModelError if it cannot be read or is of a type that this program cannot run."""
        config = self._stored_config()
        kind = config.get("model_type")
        if kind not in MODEL_TYPES:
            raise ModelError(
                f"model {self.name}: its type is {kind!r}; it must be one of {', '.join(MODEL_TYPES)}: "
                f"CLIP or SigLIP in transformers' format, or {BUNDLED!r}"
            )
        return config

    def _stored_config(self) -> dict[str, Any]:
        try:
            return json_object(self.folder / "config.json")
        except (OSError, ValueError) as error:
            raise ModelError(
                f"model {self.name}: config.json cannot be read ({error}); {fetch_again(self.name)}"
            ) from error

    def config_digest(self) -> str:
        """sha256 of what config.json says, but for where and by what it was written: the same weights under another one
        are another model. Raises as `config`."""
        said = {key: value for key, value in self.config().items() if key not in _OF_THE_WRITER}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def weight_files(self) -> list[Path]:
        """The file of weights, or those that an index names. Raises ModelError if there is none or one lacks."""
        if (self.folder / WEIGHTS).is_file():
            return [self.folder / WEIGHTS]
        if not (self.folder / WEIGHTS_INDEX).is_file():
            raise ModelError(
                f"model {self.name}: no {WEIGHTS} in its folder; no other format of weights is opened; use another "
                f"checkpoint, or {BUNDLED!r}"
            )
        try:
            index = json_object(self.folder / WEIGHTS_INDEX)
            names = sorted({Path(name).name for name in index["weight_map"].values()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"model {self.name}: {WEIGHTS_INDEX} cannot be read; {fetch_again(self.name)}") from error
        lacking = [name for name in names if not (self.folder / name).is_file()]
        if lacking:
            raise ModelError(f"model {self.name}: {lacking[0]} is not in its folder; {fetch_again(self.name)}")
        return [self.folder / name for name in names]

    def weights_digest(self) -> str:
        """sha256 of the file of weights; of several, the sha256 of their digests, sorted by name."""
        digests = [sha256_of(path) for path in self.weight_files()]
        return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()

    def tokenizer_digest(self) -> str:
        """sha256 of the tokenizer's files."""
        digest = hashlib.sha256()
        for path in (self.folder / file for file in TOKENIZER_FILES):
            if path.is_file():
                digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()

    def own_files(self) -> list[Path]:
        """What of its folder belongs to it, sorted by name."""
        return sorted({path for pattern in FILES for path in self.folder.glob(pattern) if path.is_file()})


def find(name: str, *, pull_as: str = "") -> Checkpoint:
    """`"bundled"`, a folder (/…, ./…, ~/…), or `owner/name[@revision]` of the hub's local cache. Raises ModelError.

    `pull_as`: the option, with a blank, that `inspection model pull` fetches it with.
    """
    if name == BUNDLED:
        if not (BUNDLED_FOLDER / "config.json").is_file():
            raise ModelError(
                f"model {BUNDLED!r}: its files are missing from the installation; install inspection again"
            )
        return Checkpoint(BUNDLED, BUNDLED_FOLDER)
    if name.startswith(FOLDER_STARTS):  # nothing else: a hub id is no folder of the working directory
        return _in_folder(name)
    return _in_cache(name, pull_as)


def _in_folder(name: str) -> Checkpoint:
    path = Path(name).expanduser()
    lacking = (
        "there is no such folder"
        if not path.is_dir()
        else "there is no config.json in that folder"
        if not (path / "config.json").is_file()
        else None
    )
    if lacking:
        raise ModelError(f"model {name}: {lacking}; name the folder of a checkpoint, or {BUNDLED!r}")
    return Checkpoint(path.resolve().name, path)


def _in_cache(name: str, pull_as: str) -> Checkpoint:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, IncompleteSnapshotError, LocalEntryNotFoundError

    owner_and_name, _, revision = name.partition("@")
    if not is_hub_id(name):
        raise ModelError(f"{not_a_hub_id(name)}; correct it, name a folder (./…, /…), or use {BUNDLED!r}")
    pull = f"'inspection model pull {pull_as}{owner_and_name}{f' --revision {revision}' if revision else ''}'"
    try:
        folder = snapshot_download(
            owner_and_name, revision=revision or None, local_files_only=True, allow_patterns=list(FILES)
        )
    except IncompleteSnapshotError as error:
        raise ModelError(f"model {name}: only a part of it is on this machine; {pull} fetches the rest") from error
    except (LocalEntryNotFoundError, HFValidationError, OSError) as error:
        others = [each.name for each in cached() if each.name.partition("@")[0] == owner_and_name and each.name != name]
        here = f"{' and '.join(others)} is here: write that; or " if others else ""
        raise ModelError(
            f"model {name}: it is not on this machine, and a run downloads nothing; {here}fetch it with {pull}, "
            f"or use {BUNDLED!r}"
        ) from error
    return Checkpoint(name, Path(folder))


def cached() -> Iterator[Checkpoint]:
    """Every CLIP and SigLIP in the hub's local cache, one a revision, by name; whole or not."""
    from huggingface_hub import constants

    for repository in sorted(Path(constants.HF_HUB_CACHE).glob("models--*--*")):
        owner_and_name = repository.name.removeprefix("models--").replace("--", "/", 1)
        revisions = _revisions(repository)
        for snapshot in sorted((repository / "snapshots").glob("*")):
            for revision in revisions.get(snapshot.name, [snapshot.name]):
                name = owner_and_name if revision == "main" else f"{owner_and_name}@{revision}"
                checkpoint = Checkpoint(name, snapshot)
                try:
                    checkpoint.config()
                except ModelError:
                    continue  # another kind of model: the cache is not ours alone
                yield checkpoint


def _revisions(repository: Path) -> dict[str, list[str]]:
    """Commit -> branches and tags that stand there; `refs/pr/…` lie in a folder of that name."""
    revisions: dict[str, list[str]] = {}
    refs = repository / "refs"
    for path in sorted(refs.rglob("*")):
        if path.is_file():
            revisions.setdefault(path.read_text(encoding="utf-8").strip(), []).append(path.relative_to(refs).as_posix())
    return revisions


def fetch_again(name: str) -> str:
    """What to do about files that are not as they should be."""
    if name == BUNDLED:
        return "install inspection again"
    owner_and_name, _, revision = name.partition("@")
    if "/" not in name:
        return f"copy the folder again, or use {BUNDLED!r}"
    return (
        f"fetch it with 'inspection model pull {owner_and_name}{f' --revision {revision}' if revision else ''}', "
        f"or use {BUNDLED!r}"
    )


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
