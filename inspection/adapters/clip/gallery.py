"""The pictures that the bundled model is trained on: rendered once, kept on disk, looked at many times.

A scene is a clean part and its defective siblings. Scenes follow from their seeds alone, so a gallery that was
interrupted is finished, and one of more scenes begins with those of a smaller one.
"""

from __future__ import annotations

import ast
import hashlib
import json
import multiprocessing as mp
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from inspection import synthesis
from inspection.adapters.clip.locked import locked
from inspection.adapters.clip.plain import read_json, to_json, write_whole
from inspection.config.training import PICTURES_A_SCENE
from inspection.domain.errors import ModelError
from inspection.synthesis import render
from inspection.synthesis.captions import TRAINED_FAMILIES, TRAINED_KINDS
from inspection.synthesis.held_out import HELD_OUT_PAIRS
from inspection.synthesis.render import Attributes, render_siblings

SIZE_PX = 128
PICTURES = PICTURES_A_SCENE
SIBLINGS = PICTURES - 1
_SCENES_AT_ONCE = 16
_LEAP = 4
"""A scene's seed is this far from the next one's: a part that cannot have so many kinds of defect is passed over."""
_SIZES = {"pixels": PICTURES * SIZE_PX * SIZE_PX * 3, "masks": SIBLINGS * SIZE_PX * SIZE_PX // 8}
"""Bytes a scene in each file."""


@dataclass(frozen=True, slots=True, eq=False)
class Scenes:
    """n scenes: `pixels` uint8 (n, 4, S, S, 3), the clean part first; `masks` bool (n, 3, S, S); `seen` what each
    of the defective ones shows."""

    pixels: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.bool_]
    seen: tuple[tuple[Attributes, ...], ...]


def trained_kinds(family: str) -> frozenset[str]:
    """What pictures of the training may show on a family."""
    return frozenset(kind for kind in TRAINED_KINDS if (family, kind) not in HELD_OUT_PAIRS)


def make_scene(seed: int) -> Scenes:
    """The scene of that seed, or of the nearest one after it that has siblings enough. Raises ModelError."""
    for nearby in range(seed, seed + _LEAP):
        clean, bad = render_siblings(
            nearby, SIBLINGS, size_px=SIZE_PX, families=TRAINED_FAMILIES, allowed_kinds=trained_kinds
        )
        if len(bad) == SIBLINGS:
            pixels = np.stack([clean.pixels, *(part.pixels for part in bad)])[None]
            masks = np.stack([part.mask for part in bad])[None]
            return Scenes(pixels, masks, (tuple(part.attributes for part in bad),))
    raise ModelError(f"no part of the seeds {seed} to {nearby} has {SIBLINGS} defects; train with another seed")


class Gallery:
    """Scenes in a folder. `open` finishes it first."""

    def __init__(self, folder: Path, scenes: int) -> None:
        self.folder, self.scenes = folder, scenes
        self._pixels = _map(folder / "pixels", (scenes, PICTURES, SIZE_PX, SIZE_PX, 3))
        self._masks = _map(folder / "masks", (scenes, SIBLINGS, SIZE_PX * SIZE_PX // 8))

    @classmethod
    def open(cls, folder: Path, scenes: int, seed: int, workers: int, tell: Callable[[int, int], None]) -> Gallery:
        """Render what lacks. `seed` is that of the first scene; `tell(done, scenes)` is called as it goes.

        Nothing that is there is removed. Raises ModelError when it was made otherwise, when another process renders
        into it, and when the disk has no room.
        """
        with locked(folder):
            _claim(folder, gallery_key(seed))
            _reserve(folder, scenes)
            gallery = cls(folder, scenes)
            gallery._finish(seed, workers, tell)
        return gallery

    def _finish(self, seed: int, workers: int, tell: Callable[[int, int], None]) -> None:
        whole = _whole_lines(self.folder / "seen")
        done, lines = whole.count(b"\n"), []
        seeds = [seed + _LEAP * index for index in range(done, self.scenes)]
        if not seeds:
            return
        with mp.get_context("spawn").Pool(workers) as pool, (self.folder / "seen").open("ab") as seen:
            seen.truncate(len(whole))
            for scene in pool.imap(make_scene, seeds, chunksize=_SCENES_AT_ONCE):
                self._pixels[done] = scene.pixels[0]
                self._masks[done] = np.packbits(scene.masks[0].reshape(SIBLINGS, -1), axis=1)
                lines.append(json.dumps([asdict(each) for each in scene.seen[0]]).encode() + b"\n")
                done += 1
                if len(lines) == _SCENES_AT_ONCE or done == self.scenes:
                    self._put_down(seen, lines)
                    lines.clear()
                    tell(done, self.scenes)

    def _put_down(self, seen: BinaryIO, lines: Sequence[bytes]) -> None:
        """What `seen` names is on disk before it is named: a gallery that is cut off goes on from there."""
        try:
            self._pixels.flush()
            self._masks.flush()
            seen.write(b"".join(lines))
            seen.flush()
        except OSError as error:
            raise ModelError(f"{self.folder} cannot be written: {error.strerror}; make room there") from error

    @cached_property
    def seen(self) -> list[tuple[Attributes, ...]]:
        """What the defective pictures of each scene show."""
        lines = _whole_lines(self.folder / "seen").splitlines()[: self.scenes]
        return [tuple(Attributes(**each) for each in json.loads(line)) for line in lines]

    def draw(self, indices: npt.NDArray[np.integer]) -> Scenes:
        bits = np.unpackbits(np.asarray(self._masks[indices]), axis=2)
        masks = bits.reshape(len(indices), SIBLINGS, SIZE_PX, SIZE_PX).astype(np.bool_)
        return Scenes(np.asarray(self._pixels[indices]), masks, tuple(self.seen[index] for index in indices))


def gallery_key(seed: int) -> dict[str, object]:
    """All that its pictures follow from, wherever they lie. `seed` is that of the first scene."""
    return {"seed": seed, "leap": _LEAP, "size_px": SIZE_PX, "siblings": SIBLINGS, "renderer": renderer_digest()}


def renderer_digest() -> str:
    """sha256 over what it is asked for, and over the files of `render` and of what it imports: captions may change."""
    digest = hashlib.sha256(repr([(family, sorted(trained_kinds(family))) for family in TRAINED_FAMILIES]).encode())
    root = Path(render.__file__).parent
    for path in sorted(_imported_by(Path(render.__file__), root)):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _imported_by(path: Path, root: Path) -> set[Path]:
    """The file and every one below `root` that it imports, directly or not."""
    found: set[Path] = set()
    left = [path]
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left += _imports(path, root)
    return found


def _imports(path: Path, root: Path) -> Iterator[Path]:
    """As this package writes them: `from package.module import name`, or a module as the name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(synthesis.__name__):
            module = root.joinpath(*node.module.split(".")[len(synthesis.__name__.split(".")) :])
            files = (module.with_suffix(".py"), *(module / f"{alias.name}.py" for alias in node.names))
            yield from (file for file in files if file.is_file())


def _claim(folder: Path, key: dict[str, object]) -> None:
    """Make it the gallery of that key if it is none yet. Raises ModelError if it is another one, or lost a file."""
    label, seen = folder / "gallery.json", folder / "seen"
    if label.is_file():
        if read_json(label) != key:
            raise ModelError(
                f"{folder}: the gallery was made by another renderer, or of other seeds; choose another folder or "
                "remove it"
            )
        scenes = _whole_lines(seen).count(b"\n")
        lost = [name for name, size in _SIZES.items() if scenes and _size(folder / name) < scenes * size]
        if lost:
            raise ModelError(f"{folder}: the gallery has lost some of its file {lost[0]!r}; remove it")
        return
    there = [name for name in ("seen", *_SIZES) if (folder / name).exists()]
    if there:
        raise ModelError(f"{folder} is no gallery, and has a file {there[0]!r} already; choose another folder")
    write_whole(label, to_json(key) + "\n")


def _reserve(folder: Path, scenes: int) -> None:
    """Take all the room now: a disk that fills up under a map of it ends the process without a word."""
    before = {name: _size(folder / name) for name in _SIZES}
    for name, size in _SIZES.items():
        with (folder / name).open("ab") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, scenes * size)
            except OSError as error:
                for each in _SIZES:
                    if (folder / each).exists():
                        os.truncate(folder / each, before[each])
                needed = scenes * sum(_SIZES.values()) / 1e9
                raise ModelError(
                    f"{needed:.1f} GB are needed in {folder} ({error.strerror}); make room there, name another folder "
                    "(--gallery), or lower looking.scenes"
                ) from error


def _map(path: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.uint8]]:
    return np.memmap(path, np.uint8, "r+", shape=shape)


def _whole_lines(path: Path) -> bytes:
    """Without a torn last one."""
    content = path.read_bytes() if path.is_file() else b""
    return content[: content.rfind(b"\n") + 1]


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
