"""The file of a training: each wrong setting with the message that a person gets, and what options may change."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspection.config.problems import ConfigProblems
from inspection.config.training import changed, load_training
from tests.config.site_files import changed as replaced

CONFIG = Path("configs/models/parts.yaml")
SHOWN = "looking:\n  scenes: 100\n  pictures: 1000\n  scenes_a_step: 16\n  sentences_a_step: 32\n"
READ = "reading:\n  trade_phrases: 1000\n  general_phrases: 0\n  translated_phrases: 0\n  rounds: 1\n  batch: 64\n"
VALID = (
    f"seed: 0\n{READ}  rate: 0.001\n  whole_words: 1000\n{SHOWN}  state_sets: 1\n  rate: 0.001\n  exam_every: 1000\n"
)


def problems_of(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "training.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigProblems) as refused:
        load_training(path)
    return str(refused.value).splitlines()


def test_the_file_of_the_bundled_model_and_the_one_here_are_valid(tmp_path: Path) -> None:
    assert load_training(CONFIG).seed == 0
    path = tmp_path / "training.yaml"
    path.write_text(VALID, encoding="utf-8")
    assert load_training(path).looking.scenes == 100


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("seed: 0", "seed: 100000", "1: seed: 100000 is out of range; allowed 0 to 99999, a whole number; of weights, "
         "pictures and sentences"),
        ("batch: 64", "batch: 1001", "7: reading.batch: 1001 is more than there are; allowed up to the phrases of all "
         "three kinds, 1000 (phrases)"),
        ("scenes_a_step: 16", "scenes_a_step: 101", "13: looking.scenes_a_step: 101 is more than there are; allowed up "
         "to looking.scenes, 100 (scenes)"),
        ("sentences_a_step: 32", "sentences_a_step: 65", "14: looking.sentences_a_step: 65 is too many: a picture has "
         "one sentence, and 16 scenes have 64 pictures; allowed up to 64 (sentences)"),
        ("scenes: 100\n  pictures: 1000\n  scenes_a_step: 16", "scenes: 900\n  pictures: 1000\n  scenes_a_step: 300",
         "12: looking.pictures: 1000 is less than a step: 300 scenes have 1200 pictures; write 1200 or more"),
        ("state_sets: 1", "state_sets: 1\n  hard_families: {board: 1}", "16: looking.hard_families.board: 1 is out of "
         "range; allowed 2 to 20 (times), a whole number; as often as the others"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    [problem] = problems_of(tmp_path, replaced(VALID, old, new))
    assert problem.endswith(f"training.yaml:{told}")


def test_what_does_not_go_together_is_told_beside_what_is_wrong_by_itself(tmp_path: Path) -> None:
    told = problems_of(tmp_path, VALID.replace("scenes_a_step: 16", "scenes_a_step: 200").replace("seed: 0", "seed: x"))
    assert [problem.split(": ")[1] for problem in told] == ["seed", "looking.scenes_a_step"]


def test_a_share_and_another_seed() -> None:
    config = load_training(CONFIG)
    shorter = changed(config, share=0.01, seed=3)
    assert shorter.seed == 3
    assert shorter.looking.pictures == config.looking.pictures // 100
    assert shorter.looking.scenes == config.looking.scenes
    assert changed(config) == config


def test_options_obey_the_limits_too(tmp_path: Path) -> None:
    path = tmp_path / "training.yaml"
    path.write_text(VALID, encoding="utf-8")
    with pytest.raises(ConfigProblems, match=r"^--seed 100000: seed: 100000 is out of range; allowed 0 to 99999"):
        changed(load_training(path), seed=100_000)
    with pytest.raises(ConfigProblems) as refused:
        changed(load_training(path), share=0.05)
    assert str(refused.value).splitlines() == [
        "--share 0.05: looking.pictures: 50 is less than a step: 16 scenes have 64 pictures; write 64 or more",
        "--share 0.05: looking.pictures: 50 is out of range; allowed 1000 to 1000000000 (pictures), a whole number; "
        "shown in all, each scene many times",
    ]
