"""A training's folder: it goes on where it was cut off, says what it was made from, and refuses what is not its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import torch

from inspection.adapters.clip import folder, training
from inspection.adapters.clip.checkpoint import BUNDLED_FOLDER, Checkpoint
from inspection.adapters.clip.exam import EXAM_SEED, Marks, Papers, papers
from inspection.adapters.clip.gallery import gallery_key
from inspection.adapters.clip.locked import locked
from inspection.adapters.clip.plain import as_plain, to_json
from inspection.adapters.clip.training import OWN_READING, Means, train
from inspection.config.training import TrainingConfig
from inspection.domain.errors import ModelError
from inspection.synthesis.held_out import HELD_OUT_FAMILY
from tests.adapters.clip.pupils import LOOKING, READING, save_definitions, save_teacher, small_model

# Less than a file may say: a scene is rendered in 20 ms, and the two exams ask each time.
CONFIG = TrainingConfig.model_construct(
    seed=3,
    reading=READING,
    looking=LOOKING.model_copy(update={"scenes": 8, "pictures": 16 * 6, "exam_every": 16 * 2}),
)


@cache
def short_exam(scenes: int, *, first_seed: int = EXAM_SEED) -> list[Papers]:
    """Of two families, rendered once: what is asked is test_exam's, that it is held and told is asked here."""
    return papers(scenes, ["hex nut", HELD_OUT_FAMILY], first_seed)


@pytest.fixture(scope="module", autouse=True)
def short_exams() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(training, "EXAM_SCENES", 1)
        patched.setattr(training, "papers", short_exam)
        yield


class CutOff(Exception):
    """As Ctrl-C would."""


class Told:
    """Listens, and cuts the training off the so many'th time that it tells of a stage."""

    def __init__(self, cut_at: str = "", time: int = 1) -> None:
        self.stages: list[str] = []
        self._cut_at, self._time = cut_at, time

    def __call__(self, stage: str, done: float, text: str, /) -> None:
        self.stages.append(stage)
        if stage == self._cut_at and self.stages.count(stage) == self._time:
            raise CutOff


def quiet(*_: object) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def reads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = tmp_path_factory.mktemp("reads")
    folder.save(kept, *small_model())
    return kept


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory, reads: Path) -> Path:
    """A training that was cut off in its second exam: two thirds were shown, and one third is in the checkpoint."""
    out = tmp_path_factory.mktemp("training") / "out"
    with pytest.raises(CutOff):
        train(CONFIG, out, Means(text_from=reads, workers=1, final_scenes=1), Told("exam", 2))
    return out


@pytest.fixture
def out(interrupted: Path, tmp_path: Path) -> Path:
    return shutil.copytree(interrupted, tmp_path / "out")


def test_a_training_that_goes_on_loses_no_exam_and_says_what_it_was_made_from(out: Path, reads: Path) -> None:
    told = Told()
    marks = train(CONFIG, out, Means(text_from=reads, workers=1, final_scenes=1), told)
    assert isinstance(marks, Marks)
    assert told.stages == ["exam", "exam", "final exam"]  # nothing is read, rendered or looked at again
    report = json.loads((out / "model" / "training.json").read_text(encoding="utf-8"))
    history = [json.loads(line) for line in (out / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [exam["pictures"] for exam in history] == [32, 64, 96]
    assert report["history"] == history
    assert report["gallery"] == gallery_key(3 * training.SEEDS_A_TRAINING)
    assert report["text_from"] == Checkpoint("reads", reads).weights_digest() != OWN_READING
    assert report["teacher"] is None
    assert report["compiled"] is False
    assert report["versions"]["torch"] == torch.__version__
    assert set(report["versions"]) == {"torch", "numpy", "transformers"}
    assert report["final"] == as_plain(marks)
    # What the text tower could read it still reads in the same way.
    before, after = folder.read(reads)[0].text, folder.read(out / "model")[0].text
    assert torch.equal(before.blocks[0].mix.weight, after.blocks[0].mix.weight)
    assert not torch.equal(before.whole.weight, after.whole.weight)


def test_what_is_kept_is_the_checkpoint_before(interrupted: Path) -> None:
    told = (interrupted / "history.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["pictures"] for line in told] == [32, 64]
    assert training.pictures_kept(interrupted / "checkpoint", CONFIG.looking) == 32


def test_another_model_to_read_from_is_refused(out: Path, tmp_path: Path) -> None:
    model, tokenizer = small_model()
    with torch.no_grad():
        model.text.lift.bias.add_(1)
    folder.save(tmp_path / "other", model, tokenizer)
    for other in (tmp_path / "other", None):
        with pytest.raises(ModelError, match=f"^{out} holds a training with another --text-from"):
            train(CONFIG, out, Means(text_from=other), quiet)


def test_another_image_tower_to_start_from_is_refused(out: Path, reads: Path) -> None:
    with pytest.raises(ModelError, match=f"^{out} holds a training with another --image-from"):
        train(CONFIG, out, Means(text_from=reads, image_from=reads), quiet)


def test_a_training_starts_from_another_models_image_tower(tmp_path: Path, reads: Path) -> None:
    able, tokenizer = small_model()
    with torch.no_grad():
        able.image.stem.weight.fill_(0.5)
    folder.save(tmp_path / "able", able, tokenizer)
    quick = CONFIG.looking.model_copy(update={"pictures": 16, "rate": 1e-6})
    out = tmp_path / "out"
    means = Means(text_from=reads, image_from=tmp_path / "able", workers=1, final_scenes=1)
    train(CONFIG.model_copy(update={"looking": quick}), out, means, quiet)
    after = folder.read(out / "model")[0]
    torch.testing.assert_close(after.image.stem.weight, able.image.stem.weight, rtol=0.02, atol=0)
    report = json.loads((out / "model" / "training.json").read_text(encoding="utf-8"))
    assert report["image_from"] == Checkpoint("able", tmp_path / "able").weights_digest()


def test_an_image_tower_of_other_sizes_is_refused(tmp_path: Path, reads: Path) -> None:
    with pytest.raises(ModelError, match=r"it has no image tower of these sizes; leave --image-from out"):
        train(CONFIG, tmp_path / "out", Means(text_from=reads, image_from=BUNDLED_FOLDER), quiet)
    assert not (tmp_path / "out" / "config.json").exists(), "nothing was begun: the folder can be used without it"
    assert not (tmp_path / "out" / "reading").exists()


def test_another_gallery_is_refused(out: Path, reads: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"^{out} holds a training with another gallery or renderer"):
        train(CONFIG, out, Means(text_from=reads, gallery=tmp_path / "shared"), quiet)
    assert not (tmp_path / "shared").exists()


def test_a_training_is_made_longer(out: Path, reads: Path) -> None:
    longer = CONFIG.model_copy(update={"looking": CONFIG.looking.model_copy(update={"pictures": 16 * 7})})
    with pytest.raises(CutOff):
        train(longer, out, Means(text_from=reads, workers=1), Told("exam"))
    told = [json.loads(line)["pictures"] for line in (out / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    assert told == [32, 64]
    assert json.loads((out / "config.json").read_text(encoding="utf-8"))["config"]["looking"]["pictures"] == 16 * 7


def test_exams_that_cannot_be_read_are_told(out: Path, reads: Path) -> None:
    (out / "history.jsonl").write_text('{"pictures": 32}\n{"pict', encoding="utf-8")
    with pytest.raises(ModelError, match=r"history\.jsonl: not the exams of a training .*; move it away"):
        train(CONFIG, out, Means(text_from=reads, workers=1), quiet)


def test_another_config_is_refused(out: Path, reads: Path) -> None:
    other = CONFIG.model_copy(update={"seed": 4})
    before = (out / "config.json").read_bytes()
    with pytest.raises(ModelError, match=f"^{out} holds a training with another config"):
        train(other, out, Means(text_from=reads), quiet)
    assert (out / "config.json").read_bytes() == before


def test_two_do_not_train_in_one_folder(out: Path, reads: Path) -> None:
    with locked(out), pytest.raises(ModelError, match=f"^{out} is being written by another training"):
        train(CONFIG, out, Means(text_from=reads), quiet)


def test_a_folder_that_is_somebodys_is_left_alone(tmp_path: Path, reads: Path) -> None:
    for name in ("reading/book.txt", "history.jsonl", "model/plane.txt"):
        own = tmp_path / name.split("/")[0] / name
        own.parent.mkdir(parents=True)
        own.write_text("of somebody", encoding="utf-8")
        with pytest.raises(ModelError, match=f"^{own.parents[name.count('/')]} holds .*; choose another folder"):
            train(CONFIG, own.parents[name.count("/")], Means(text_from=reads), quiet)
        assert own.read_text(encoding="utf-8") == "of somebody"


def test_a_wrong_start_leaves_the_folder_to_the_right_one(tmp_path: Path, reads: Path) -> None:
    out, broken = tmp_path / "out", shutil.copytree(reads, tmp_path / "broken")
    (broken / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match="its tokenizer has"):
        train(CONFIG, out, Means(text_from=broken), quiet)
    with pytest.raises(CutOff):
        train(CONFIG, out, Means(text_from=reads, workers=1), Told("rendering"))


def test_without_a_compiler_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(ModelError, match=r"--compile needs a C\+\+ compiler, and there is no 'no-such-compiler'"):
        train(CONFIG, tmp_path / "out", Means(compiled=True), quiet)
    assert not (tmp_path / "out").exists()


def test_which_teacher_it_learnt_from_is_kept(tmp_path: Path) -> None:
    teacher, words, out = tmp_path / "teacher", tmp_path / "words", tmp_path / "out"
    save_teacher(teacher)
    save_definitions(tmp_path / "definitions")
    words.write_text("washer\nboard\n", encoding="utf-8")
    quick = READING.model_copy(update={"rounds": 1})
    told = Told(cut_at="rendering")
    means = Means(teacher=teacher, dictionary=words, definitions=tmp_path / "definitions")
    with pytest.raises(CutOff):
        train(CONFIG.model_copy(update={"reading": quick}), out, means, told)
    assert told.stages[:2] == ["vocabulary", "reading"]
    kept = json.loads((out / "reading" / "teacher.json").read_text(encoding="utf-8"))
    assert kept == {"weights": Checkpoint("teacher", teacher).weights_digest()}
    assert "washer" in folder.read(out / "reading")[1].get_vocab()


def test_json_says_null_for_what_is_no_number() -> None:
    told = {"auroc": float("nan"), "by_kind": {"dent": (0.5, float("inf"))}}
    assert json.loads(to_json(told)) == {"auroc": None, "by_kind": {"dent": [0.5, None]}}
