"""The pieces of the training, and that a minute's worth of steps teaches something."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoProcessor

from inspection.adapters.clip import folder, losses, train
from inspection.adapters.clip.exam import auroc
from inspection.adapters.clip.lessons import CELLS, KIND_NAMES, Renderer, Shelf, make_parcel, write_caption
from inspection.adapters.clip.parts_clip import PartsClipConfig, PartsClipModel
from inspection.synthesis.captions import GENERIC

SMALL = PartsClipConfig(image_widths=(8, 8, 16, 16, 16), text_width=32, text_layers=1, projection_dim=32)


def unit(rows: list[list[float]]) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.tensor(rows, dtype=torch.float32), dim=1)


def test_auroc_counts_pairs_in_the_right_order() -> None:
    assert auroc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert auroc(np.array([0.0]), np.array([0.0])) == 0.5
    assert auroc(np.array([1.0, 2.0]), np.array([1.0, 3.0])) == pytest.approx(1.5 / 4)


def test_the_end_of_text_is_not_token_two_and_no_letter_is_unknown() -> None:
    tokenizer = folder.train_tokenizer(0, SMALL)
    assert tokenizer.eos_token_id > 2
    assert len(tokenizer) <= SMALL.vocab_size
    ids = tokenizer("ein Kratzer, çà & là 7µm")["input_ids"]
    assert ids[0] == tokenizer.bos_token_id
    assert ids.count(tokenizer.eos_token_id) == 1
    assert len(tokenizer("scratch " * 100, truncation=True)["input_ids"]) == SMALL.max_position_embeddings


def test_a_caption_is_true_of_what_it_was_written_for() -> None:
    rng = np.random.default_rng(0)
    for seen in make_parcel(range(4)).seen:
        for kind in (seen.kind, None):
            caption = write_caption(rng, seen, kind)
            assert caption.true_of(seen.family, kind)
            assert caption.kind in (kind, GENERIC)
            assert not caption.true_of(seen.family, None if kind else seen.kind)


def test_cover_is_the_share_of_each_cell() -> None:
    parcel = make_parcel(range(11, 15))
    assert parcel.cover.shape == (4, CELLS, CELLS)
    for cover, seen in zip(parcel.cover, parcel.seen, strict=True):
        assert cover.mean() == pytest.approx(seen.area, rel=1e-4)


def test_turning_a_parcel_turns_its_cover_with_it() -> None:
    parcel = make_parcel(range(8))
    painted = np.zeros_like(parcel.pixels)
    painted += (np.kron(parcel.cover, np.ones((16, 16))) > 0).astype(np.uint8)[:, None, :, :, None] * 255
    marked = type(parcel)(painted, parcel.cover, parcel.seen)
    for seed in range(6):
        values, cover = train.vary(marked, np.random.default_rng(seed))
        cells = values.float().mean(dim=1)[0::2].unfold(1, 16, 16).unfold(2, 16, 16).mean(dim=(3, 4))
        assert torch.equal(cells > -0.5, cover > 0)


def test_losses_are_lower_when_things_are_right() -> None:
    states = unit([[1, 0, 0], [0, 1, 0], [0, 1, 0.2]])
    good, bad = unit([[1, 0, 0]]), unit([[0, 1, 0]])
    kinds, scale = torch.tensor([1]), torch.tensor(10.0)
    assert losses.twin_ranking(bad, good, states, kinds, scale) < losses.twin_ranking(good, bad, states, kinds, scale)
    right = losses.state_choice(bad, states, kinds, scale)
    assert right < losses.state_choice(good, states, kinds, scale)
    cover = torch.tensor([[[1.0, 0.0]]])
    cells = torch.stack([bad[0], good[0]], dim=1)[None, :, None, :]
    assert losses.cell_choice(cells, states, kinds, cover, scale) < losses.cell_choice(
        cells.flip(-1), states, kinds, cover, scale
    )
    true = torch.eye(2, dtype=torch.bool)
    both = torch.cat([good, bad])
    assert losses.caption_contrast(both, both, true, scale) < losses.caption_contrast(both, both.flip(0), true, scale)


def test_the_shelf_forgets_the_oldest() -> None:
    shelf = Shelf(capacity=3)
    for start in (0, 2, 4):
        shelf.add(make_parcel(range(start, start + 2)))
    assert shelf.total == 6
    assert len(shelf.seen) == 3
    fresh = {seen.centre_x for seen in make_parcel(range(3, 6)).seen}
    assert {seen.centre_x for seen in shelf.draw(np.random.default_rng(0), 3).seen} == fresh


def test_the_rendering_process_delivers_and_ends() -> None:
    with Renderer(run=1) as renderer:
        parcel = renderer.wait()
    assert {seen.kind for seen in parcel.seen} <= set(KIND_NAMES)
    assert not renderer.process.is_alive()


def test_a_few_steps_teach_something() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    tokenizer, model = folder.train_tokenizer(0, SMALL), PartsClipModel(SMALL)
    model.train()
    parcel = make_parcel(range(6))
    optimiser = torch.optim.AdamW(model.parameters(), lr=4e-3)

    def same_lesson() -> float:
        return float(train.lesson(model, tokenizer, parcel, np.random.default_rng(1)).detach())

    before = same_lesson()
    for _ in range(10):
        loss = train.lesson(model, tokenizer, parcel, rng)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert same_lesson() < 0.9 * before


def test_a_saved_folder_is_loaded_by_transformers_alone(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = PartsClipModel(SMALL).eval()
    folder.save(tmp_path, model, folder.train_tokenizer(0, SMALL))
    again, processor = AutoModel.from_pretrained(tmp_path).eval(), AutoProcessor.from_pretrained(tmp_path)
    inputs = processor(
        text=["a nut"],
        images=[make_parcel(range(1)).pixels[0, 0]],
        return_tensors="pt",
        padding=True,
        truncation=True,
    )
    assert inputs["pixel_values"].shape == (1, 3, 128, 128)
    with torch.inference_mode():
        one = model.get_image_features(inputs["pixel_values"])
        torch.testing.assert_close(one, again.get_image_features(inputs["pixel_values"]))
