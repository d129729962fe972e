"""Fetching a checkpoint from the hub: the one place where this program downloads anything, and only when asked to.

Fetched are the files of `checkpoint.FILES`: no pickles and no code. What arrived is held against the hashes that the
hub gives, and recorded beside the files.
"""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspection.adapters.clip.checkpoint import (
    BUNDLED,
    FILES,
    MODEL_TYPES,
    PROCESSOR_FILES,
    TOKENIZER_FILES,
    WEIGHTS,
    WEIGHTS_INDEX,
    Checkpoint,
)
from inspection.adapters.clip.record import differs_from_hub, write_record
from inspection.domain.errors import HubUnreachable, ModelError
from inspection.domain.hub_id import is_hub_id, not_a_hub_id

if TYPE_CHECKING:
    from huggingface_hub import HfApi

MAIN = "main"
_CONVERTER = "SFconvertbot"  # the hub's own: it offers safetensors as a pull request
_SPARE_BYTES = 200 * 10**6
_HINT = "; an image model for 'inspection compare' alone: --backbone"
_DRAWN = "Downloading bytes"  # the second of two bars that say the same

OnBytes = Callable[[int, int], None]
"""Bytes that are here, and bytes in all."""


def pull(name: str, revision: str | None, on_bytes: OnBytes, *, is_backbone: bool = False) -> Checkpoint:
    """Fetch `owner/name`, or what of it is not here yet, and record it. `is_backbone`: it need not read.

    Raises ModelError saying what to do, HubUnreachable where that is to try again.
    """
    import huggingface_hub
    from huggingface_hub import HfApi

    asked = name if revision is None else f"{name}@{revision}"
    if not is_hub_id(asked):
        raise ModelError(
            f"{not_a_hub_id(asked)}; correct it; {BUNDLED!r} and a folder of your own need no pulling: name them in "
            "the recipe as they are"
        )
    huggingface_hub.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    wanted = revision or MAIN
    called = name if wanted == MAIN else f"{name}@{wanted}"
    with _told(name, wanted):
        api = HfApi()
        info = api.model_info(name, revision=wanted, files_metadata=True)
        files = {each.rfilename: each for each in info.siblings or () if _belongs(each.rfilename)}
        _check_files(api, name, files, revision, is_backbone=is_backbone)
        folder = _folder_of(name, str(info.sha)) if is_backbone else _check_type(name, str(info.sha))
        size = sum(each.size or 0 for each in files.values())
        lacking = sum(each.size or 0 for file, each in files.items() if not (folder / file).exists())
        _check_room(name, lacking)

        def on_done(done: int) -> None:
            on_bytes(size - lacking + done, size)

        digests = {file: str(each.lfs.sha256 if each.lfs else each.blob_id) for file, each in files.items()}
        checkpoint = Checkpoint(called, _fetch(name, wanted, on_done))
        wrong = _damaged(checkpoint, digests)
        if wrong:  # kept from before; the hub's library takes what is there as it is
            checkpoint = Checkpoint(called, _fetch(name, wanted, on_done))
            wrong = _damaged(checkpoint, digests)
    if wrong:
        raise HubUnreachable(f"model {name}: {wrong[0]} did not arrive as the hub says it is; pull it again later")
    write_record(checkpoint, wanted, checkpoint.folder.name, datetime.now(UTC))
    return checkpoint


def _belongs(file: str) -> bool:
    return any(fnmatch(file, pattern) for pattern in FILES)


def _check_files(api: HfApi, name: str, files: dict[str, Any], revision: str | None, *, is_backbone: bool) -> None:
    """What a checkpoint needs is there. Raises ModelError."""
    if "config.json" not in files:
        raise ModelError(
            f"model {name}: it has no config.json, so it is not in transformers' format; look for a copy that is, "
            f"see 'inspection model list', or use {BUNDLED!r}"
        )
    if WEIGHTS not in files and WEIGHTS_INDEX not in files:
        converted = _converted(api, name) if revision is None else None
        to_do = (
            f"the hub's own converter offers one: 'inspection model pull {name} --revision {converted}', then write "
            f"model: {name}@{converted}"
            if converted
            else f"use another checkpoint, see 'inspection model list', or {BUNDLED!r}"
        )
        raise ModelError(f"model {name}: it has no {WEIGHTS}; other weights can hold code and are not fetched; {to_do}")
    for what, known in (("an image processor", PROCESSOR_FILES), ("a tokenizer", TOKENIZER_FILES)):
        if not set(known) & set(files) and not (is_backbone and known is TOKENIZER_FILES):
            raise ModelError(f"model {name}: it has no file of {what}; use another checkpoint, or {BUNDLED!r}{_HINT}")


def _converted(api: HfApi, name: str) -> str | None:
    """The revision in which the hub's converter added safetensors, if it offers one."""
    for offer in api.get_repo_discussions(name, discussion_type="pull_request"):
        reference = offer.git_reference if offer.author == _CONVERTER else None
        if reference and WEIGHTS in api.list_repo_files(name, revision=reference):
            return str(reference)
    return None


def _folder_of(name: str, commit: str) -> Path:
    """Where its files lie or will: config.json is fetched."""
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(name, "config.json", revision=commit, tqdm_class=_bar(lambda _: None))).parent


def _check_type(name: str, commit: str) -> Path:
    """Before gigabytes are fetched: its type, by config.json alone. Where that lies. Raises ModelError."""
    path = _folder_of(name, commit) / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        kind = config.get("model_type")
    except (ValueError, AttributeError) as error:
        raise ModelError(f"model {name}: its config.json is not JSON; use another checkpoint") from error
    if kind not in MODEL_TYPES:
        raise ModelError(
            f"model {name}: its type is {kind!r}; it must be one of {', '.join(MODEL_TYPES[1:])}; "
            f"see 'inspection model list', or use {BUNDLED!r}{_HINT}"
        )
    return path.parent


def _check_room(name: str, size: int) -> None:
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE)
    there = next(folder for folder in (cache, *cache.parents) if folder.is_dir())
    free = shutil.disk_usage(there).free
    if free < size + _SPARE_BYTES:
        raise ModelError(_no_room(name, f"it takes {size / 1e9:.1f} GB more and {free / 1e9:.1f} GB are free"))


def _no_room(name: str, why: str) -> str:
    from huggingface_hub import constants

    return (
        f"model {name}: no room in {constants.HF_HUB_CACHE}: {why}; free some, or name another folder with "
        "HF_HUB_CACHE, for the runs too"
    )


def _fetch(name: str, revision: str, on_bytes: Callable[[int], None]) -> Path:
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(name, revision=revision, allow_patterns=list(FILES), tqdm_class=_bar(on_bytes)))


def _bar(on_bytes: Callable[[int], None]) -> Any:
    """As much of a tqdm class as the hub's library uses; its own would draw on the terminal and leave a thread."""

    class Bar:
        def __init__(self, *_: object, unit: str = "it", desc: str = "", initial: int = 0, **__: object) -> None:
            self.counts = unit == "B" and desc != _DRAWN
            self.total: float | None = None
            self.n: float = initial

        def update(self, done: float | None = 1) -> None:
            self.n += done or 0
            if self.counts:
                on_bytes(int(self.n))

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None: ...

        def __getattr__(self, _: str) -> Callable[..., None]:
            return lambda *_, **__: None

    return Bar


def _damaged(checkpoint: Checkpoint, digests: dict[str, str]) -> list[str]:
    """Files that are not what the hub says; they are taken away, so that they are fetched again."""
    wrong = []
    for file, digest in digests.items():
        path = checkpoint.folder / file
        if path.is_file() and not differs_from_hub(path, digest):
            continue
        wrong.append(file)
        path.resolve().unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    return wrong


@contextmanager
def _told(name: str, revision: str) -> Iterator[None]:
    """The errors of the hub's library as ours, each with what to do. From the special to the general."""
    from huggingface_hub import constants
    from huggingface_hub.errors import (  # type: ignore[attr-defined]
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        HTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    instead = f"or use {BUNDLED!r}, which needs no network"
    try:
        yield
    except GatedRepoError as error:
        raise ModelError(
            f"model {name}: its owner lets in only those who asked: accept the terms at {constants.ENDPOINT}/{name}, "
            f"then 'hf auth login' and pull again; {instead}"
        ) from error
    except RepositoryNotFoundError as error:
        raise ModelError(
            f"model {name}: {constants.ENDPOINT} has no such model, or it is private; correct the name (see "
            f"'inspection model list'), or 'hf auth login'; {instead}"
        ) from error
    except RevisionNotFoundError as error:
        raise ModelError(
            f"model {name}: it has no revision {revision}; see {constants.ENDPOINT}/{name}, or leave --revision out"
        ) from error
    except OfflineModeIsEnabled as error:
        raise ModelError(f"model {name}: HF_HUB_OFFLINE is set; unset it to pull; {instead}") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelError(_no_room(name, str(error.strerror))) from error
        if error.errno and error.filename:
            raise ModelError(
                f"model {name}: cannot write {error.filename}: {error.strerror}; make it writable, or name another "
                "folder with HF_HUB_CACHE, for the runs too"
            ) from error
        if isinstance(error, HfHubHTTPError):
            raise HubUnreachable(
                f"model {name}: {constants.ENDPOINT} answers with an error ({_first_line(error)}); pull again later; "
                f"{instead}"
            ) from error
        raise HubUnreachable(_no_network(name, constants.ENDPOINT, error)) from error
    except HFValidationError as error:  # of the hub's own rule for ids, should it ever be stricter than ours
        raise ModelError(f"model {name}: {_first_line(error)}; correct the id, {instead}") from error
    except HTTPError as error:  # of the HTTP library beneath: no connection, or one that broke
        raise HubUnreachable(_no_network(name, constants.ENDPOINT, error)) from error


def _no_network(name: str, endpoint: str, error: Exception) -> str:
    return (
        f"model {name}: the connection to {endpoint} failed ({_first_line(error)}); pull again when there is a "
        "network: what has arrived whole is not fetched twice; or pull it on another machine and copy its folder here, "
        f"see docs/models.md; or use {BUNDLED!r}"
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
