"""`inspection model train`, called as a person calls it: what is refused before anything is rendered."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspection.adapters.clip import folder
from tests.adapters.clip.pupils import small_model
from tests.adapters.clip.tiny import save_clip
from tests.cli.conftest import call

CONFIG = Path("configs/models/parts.yaml").absolute()


@pytest.fixture(scope="module")
def reads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = tmp_path_factory.mktemp("reads")
    folder.save(kept, *small_model())
    return kept


def test_a_folder_with_another_training_is_refused(tmp_path: Path, reads: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "config.json").write_text("{}", encoding="utf-8")
    told = call("model", "train", "--config", CONFIG, "--out", tmp_path / "out", "--text-from", reads)
    assert told.code == 2
    assert told.err.strip() == (
        f"{tmp_path / 'out'} holds a training with another config (config.json); choose another folder"
    )


def test_a_model_of_another_type_cannot_be_read_from(tmp_path: Path) -> None:
    save_clip(tmp_path / "clip")
    told = call("model", "train", "--config", CONFIG, "--out", tmp_path / "out", "--text-from", tmp_path / "clip")
    assert told.code == 2
    assert "its type is 'clip'; it must be 'parts_clip', as 'bundled' is" in told.err


def test_a_share_of_nothing_and_a_seed_too_high_are_refused(tmp_path: Path) -> None:
    config = tmp_path / "short.yaml"
    text = CONFIG.read_text(encoding="utf-8")
    assert "pictures: 480000" in text
    config.write_text(text.replace("pictures: 480000", "pictures: 10000"), encoding="utf-8")
    told = call("model", "train", "--config", config, "--out", tmp_path / "out", "--share", "0.001", "--seed", "100000")
    assert told.code == 2
    assert "looking.pictures: 10 is less than a step: 16 scenes have 64 pictures" in told.err
    assert "seed: 100000 is out of range; allowed 0 to 99999" in told.err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_no_teacher_is_told(tmp_path: Path) -> None:
    told = call("model", "train", "--config", CONFIG, "--out", tmp_path / "out", "--teacher", tmp_path)
    assert told.code == 2
    assert f"{tmp_path} holds no model.safetensors; 'pip install" in told.err


@pytest.mark.parametrize(("words", "said"), [(None, "is not there: a list of English words is needed"),
                                             (b"caf\xe9\n", "is not UTF-8 text (byte 3)")])  # fmt: skip
def test_a_dictionary_that_cannot_be_read_is_told(tmp_path: Path, words: bytes | None, said: str) -> None:
    (tmp_path / "teacher").mkdir()
    (tmp_path / "teacher" / "model.safetensors").write_bytes(b"not opened before the list is read")
    if words is not None:
        (tmp_path / "words").write_bytes(words)
    told = call("model", "train", "--config", CONFIG, "--out", tmp_path / "out", "--teacher", tmp_path / "teacher",
                "--dictionary", tmp_path / "words")  # fmt: skip
    assert told.code == 2
    assert f"{tmp_path / 'words'} {said}" in told.err
