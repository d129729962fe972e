"""The gallery: what it shows, that it goes on where it was cut off, and that it takes nothing for its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from inspection.adapters.clip import gallery as galleries
from inspection.adapters.clip.exam import EXAM_SEED, REHEARSAL_SEED
from inspection.adapters.clip.gallery import Gallery, make_scene, renderer_digest, trained_kinds
from inspection.adapters.clip.locked import locked
from inspection.adapters.clip.training import SEEDS_A_TRAINING
from inspection.cli.render import FIRST_SEED as RENDER_SEED
from inspection.config.training import MOST_SEED
from inspection.domain.errors import ModelError
from inspection.synthesis import render
from inspection.synthesis.captions import TRAINED_FAMILIES, TRAINED_KINDS
from inspection.synthesis.held_out import HELD_OUT_KIND, HELD_OUT_PAIRS
from tests.adapters.clip.pupils import no_file_above

SEED = 100


def opened(folder: Path, scenes: int = 1, seed: int = SEED) -> Gallery:
    return Gallery.open(folder, scenes, seed, 1, lambda *_: None)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    return opened(tmp_path_factory.mktemp("gallery"), 6)


@pytest.fixture
def copied(gallery: Gallery, tmp_path: Path) -> Path:
    return shutil.copytree(gallery.folder, tmp_path / "copied")


def test_nothing_that_is_held_out_is_rendered_for_the_training(gallery: Gallery) -> None:
    assert all(HELD_OUT_KIND not in trained_kinds(family) for family in TRAINED_FAMILIES)
    for seen in gallery.seen:
        for part in seen:
            assert part.family in TRAINED_FAMILIES
            assert part.kind in TRAINED_KINDS
            assert (part.family, part.kind) not in HELD_OUT_PAIRS


def test_a_gallery_holds_what_was_rendered(gallery: Gallery) -> None:
    kept, made = gallery.draw(np.array([2])), make_scene(SEED + 8)
    assert np.array_equal(kept.pixels, made.pixels)
    assert np.array_equal(kept.masks, made.masks)
    assert kept.seen == made.seen


def test_a_gallery_goes_on_where_it_was_cut_off(tmp_path: Path, gallery: Gallery) -> None:
    opened(tmp_path, 3)
    seen = tmp_path / "seen"
    seen.write_bytes(seen.read_bytes()[:-5])  # killed in the middle of a line
    told: list[int] = []
    again = Gallery.open(tmp_path, 4, SEED, 1, lambda done, _: told.append(done))
    assert told[-1] == 4
    assert again.seen == gallery.seen[:4]
    one, other = again.draw(np.arange(4)), gallery.draw(np.arange(4))
    assert np.array_equal(one.pixels, other.pixels)
    assert np.array_equal(one.masks, other.masks)


def test_a_gallery_of_other_seeds_is_refused_and_left_alone(copied: Path) -> None:
    before = contents(copied)
    with pytest.raises(ModelError, match=f"^{copied}: .*of other seeds; choose another folder or remove it"):
        opened(copied, seed=900)
    assert contents(copied) == before


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "masks").write_bytes(b"of somebody")
    with pytest.raises(ModelError, match="is no gallery, and has a file 'masks' already; choose another folder"):
        opened(tmp_path)
    assert (tmp_path / "masks").read_bytes() == b"of somebody"


def test_a_gallery_that_lost_its_pictures_is_not_taken_for_a_black_one(copied: Path) -> None:
    (copied / "pixels").unlink()
    with pytest.raises(ModelError, match="lost some of its file 'pixels'; remove it"):
        opened(copied, 6)


def test_two_do_not_render_into_one_gallery(copied: Path) -> None:
    with locked(copied), pytest.raises(ModelError, match=f"^{copied} is being written by another training; wait"):
        opened(copied, 8)
    assert len(opened(copied, 6).seen) == 6


def test_a_full_disk_is_told_before_anything_is_rendered(tmp_path: Path) -> None:
    told = rf"^2\.0 GB are needed in {tmp_path} \(File too large\); make room there"
    with no_file_above(10**6), pytest.raises(ModelError, match=told):
        opened(tmp_path, 10_000)
    assert (tmp_path / "pixels").stat().st_size == 0
    assert not (tmp_path / "seen").exists()


def test_seeds_of_parts_that_can_have_no_defect_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(galleries, "trained_kinds", lambda _: frozenset())
    with pytest.raises(ModelError, match="seeds 100 to 103 has 3 defects; train with another seed"):
        make_scene(SEED)


@pytest.mark.parametrize(
    ("file", "is_of_the_renderer"),
    [("render.py", True), ("kinds/lines.py", True), ("studio.py", True), ("families/board.py", True),
     ("captions.py", False), ("vocabulary.py", False), ("onto.py", False)],
)  # fmt: skip
def test_the_digest_is_of_the_renderer_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, is_of_the_renderer: bool
) -> None:
    before = renderer_digest()
    source = shutil.copytree(Path(render.__file__).parent, tmp_path / "synthesis")
    monkeypatch.setattr(render, "__file__", str(source / "render.py"))
    assert renderer_digest() == before  # wherever it is installed
    with (source / file).open("a", encoding="utf-8") as changed:
        changed.write("# changed\n")
    assert (renderer_digest() != before) == is_of_the_renderer


def test_what_is_held_out_is_part_of_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    before = renderer_digest()
    monkeypatch.setattr(galleries, "HELD_OUT_PAIRS", frozenset())
    assert renderer_digest() != before


def test_training_exams_samples_and_renders_share_no_seed() -> None:
    samples = 2 * 10**15  # data/samples/make_samples.py
    begins = [0, EXAM_SEED, REHEARSAL_SEED, samples, RENDER_SEED]
    most_families, most_scenes, most_leap = 100, 10_000_000, 4
    ends = [
        MOST_SEED * SEEDS_A_TRAINING + (most_scenes + 1) * most_leap,
        EXAM_SEED + most_families * 10**6,
        REHEARSAL_SEED + most_families * 10**6,
        samples + most_families * 10**6,
    ]
    assert begins == sorted(begins)
    assert all(end < begin for end, begin in zip(ends, begins[1:], strict=True))
    assert most_scenes * most_leap < SEEDS_A_TRAINING
