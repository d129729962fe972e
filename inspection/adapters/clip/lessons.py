"""What the bundled model is trained on: pairs rendered in a process of their own, and sentences about them."""

from __future__ import annotations

import multiprocessing as mp
import os
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.queues import Queue
from queue import Full

import numpy as np
import numpy.typing as npt

from inspection.synthesis import captions
from inspection.synthesis.defects import KINDS
from inspection.synthesis.render import Attributes, render_pair
from inspection.synthesis.shapes import FAMILIES

SIZE_PX = 128
CELLS = 8
FAMILY_NAMES = tuple(FAMILIES)
KIND_NAMES = tuple(KINDS)
SEEDS_A_RUN = 10**9
"""Training seeds of run s lie in [s, s + 1) times this; exams and samples take theirs from far above."""
EXAM_SEED = 10**15
PAIRS_A_PARCEL = 16
YIELDING = 3
"""How much nicer the rendering is than the training, which can use a picture more than once."""


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """n pairs: `pixels` uint8 (n, 2, S, S, 3), defective then clean; `cover` float32 (n, 8, 8) the share
    of each cell that is defect; `seen` what the defective ones show."""

    pixels: npt.NDArray[np.uint8]
    cover: npt.NDArray[np.float32]
    seen: tuple[Attributes, ...]


def make_parcel(seeds: range) -> Parcel:
    pairs = [render_pair(seed, size_px=SIZE_PX) for seed in seeds]
    pixels = np.stack([np.stack([bad.pixels, good.pixels]) for bad, good in pairs])
    side = SIZE_PX // CELLS
    masks = np.stack([bad.mask for bad, _ in pairs]).reshape(len(pairs), CELLS, side, CELLS, side)
    return Parcel(pixels, masks.mean(axis=(2, 4), dtype=np.float32), tuple(bad.attributes for bad, _ in pairs))


def _work(queue: Queue[Parcel], first_seed: int, parent: int) -> None:
    """Render until the parent is gone; a parcel that cannot be delivered at once waits."""
    os.nice(YIELDING)
    seed = first_seed
    while True:
        parcel = make_parcel(range(seed, seed + PAIRS_A_PARCEL))
        seed += PAIRS_A_PARCEL
        delivered = False
        while not delivered:
            if os.getppid() != parent:
                return
            try:
                queue.put(parcel, timeout=2.0)
                delivered = True
            except Full:
                continue


class Renderer:
    """A process that renders pairs ahead of the training. Use as a context."""

    def __init__(self, run: int) -> None:
        context = mp.get_context("spawn")
        self.queue: Queue[Parcel] = context.Queue(maxsize=16)
        self.process = context.Process(target=_work, args=(self.queue, run * SEEDS_A_RUN, os.getpid()), daemon=True)

    def __enter__(self) -> Renderer:
        self.process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.join()

    def ready(self) -> Iterator[Parcel]:
        """The parcels that wait, without blocking."""
        while not self.queue.empty():
            yield self.queue.get()

    def wait(self) -> Parcel:
        """The next parcel. Blocks at most 60 s, then raises queue.Empty."""
        return self.queue.get(timeout=60.0)


class Shelf:
    """The last `capacity` pairs, drawn from again and again: training is faster than rendering."""

    def __init__(self, capacity: int) -> None:
        self.pixels = np.zeros((capacity, 2, SIZE_PX, SIZE_PX, 3), np.uint8)
        self.cover = np.zeros((capacity, CELLS, CELLS), np.float32)
        self.seen: list[Attributes] = []
        self.total = 0

    def add(self, parcel: Parcel) -> None:
        capacity = len(self.pixels)
        for pixels, cover, seen in zip(parcel.pixels, parcel.cover, parcel.seen, strict=True):
            place = self.total % capacity
            self.pixels[place], self.cover[place] = pixels, cover
            if place < len(self.seen):
                self.seen[place] = seen
            else:
                self.seen.append(seen)
            self.total += 1

    def draw(self, rng: np.random.Generator, count: int) -> Parcel:
        places = rng.choice(len(self.seen), count, replace=False)
        return Parcel(self.pixels[places], self.cover[places], tuple(self.seen[place] for place in places))


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence and what it claims: `family` None is any, `kind` None is good, GENERIC is some defect."""

    text: str
    family: str | None
    kind: str | None

    def true_of(self, family: str, kind: str | None) -> bool:
        if self.family not in (None, family):
            return False
        return self.kind == kind or (self.kind == captions.GENERIC and kind is not None)


def write_caption(rng: np.random.Generator, seen: Attributes, kind: str | None) -> Caption:
    """A true sentence about one half of a pair."""
    specific = rng.random() < 0.75
    claimed = captions.GENERIC if kind is not None and rng.random() < 0.1 else kind
    if specific:
        name = captions.own_noun(rng, seen.family, None if seen.monochrome else seen.material)
    else:
        name = captions.generic_noun(rng)
    text = captions.state_phrase(rng, claimed, name, seen.family if specific else None)
    return Caption(captions.drop_words(rng, text, 0.15), seen.family if specific else None, claimed)


def write_states(rng: np.random.Generator) -> list[str]:
    """One noun in every state: good, each of KIND_NAMES, then some defect. The noun is any word for a
    thing, so that the difference between the states is learned and not the noun."""
    name = captions.any_noun(rng)
    states = [None, *KIND_NAMES, captions.GENERIC]
    return [captions.drop_words(rng, captions.state_phrase(rng, state, name), 0.15) for state in states]
