"""A whole training in a folder: reading, rendering, looking, exam. What is there already is not done again.

OUT/config.json    what it is made from; another training is refused
OUT/reading/       the model when it can read and has seen nothing
OUT/gallery/       the pictures, some 200 kB a scene; may be shared by several trainings
OUT/checkpoint     the image tower on its way; checkpoint-level: where a longer training goes on
OUT/history.jsonl  the exams on the way, one a line
OUT/model/         the result, with training.json
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
import transformers
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import BertTokenizer

from inspection.adapters.clip import distil, folder
from inspection.adapters.clip.checkpoint import WEIGHTS, Checkpoint, sha256_of
from inspection.adapters.clip.definitions import Definitions
from inspection.adapters.clip.exam import REHEARSAL_SEED, Marks, examine, papers
from inspection.adapters.clip.gallery import Gallery, gallery_key
from inspection.adapters.clip.locked import locked
from inspection.adapters.clip.parts_clip import PartsClipConfig, PartsClipModel
from inspection.adapters.clip.plain import read_json, to_json, write_whole
from inspection.adapters.clip.teacher import Lexicon, Teacher, choose_words, teacher_folder, word_table
from inspection.adapters.clip.tokens import make_tokenizer
from inspection.adapters.clip.train import LiveEncoder, look, pictures_kept
from inspection.config.training import ReadingConfig, TrainingConfig
from inspection.domain.errors import ModelError

SEEDS_A_TRAINING = 10**9
"""Pictures of a training with seed s come from [s, s + 1) times this, those of a shared gallery from below it; exams
and samples from far above."""
EXAM_SCENES = 4
OWN_READING = "own reading"
FROM_NOTHING = "from nothing"
_JOINT = ("bend", "whole")
"""The text tower's layers that are trained with the image tower."""
_DICTIONARY = Path("/usr/share/dict/american-english")
_DEFINITIONS = Path("/usr/share/wordnet")


class Tell(Protocol):
    """As it goes: the stage, the share of it that is done, and what it is like."""

    def __call__(self, stage: str, done: float, text: str, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Means:
    """What a training is done with.

    `gallery`: pictures that several trainings share, else its own. `text_from`: a model folder whose reading is taken
    over as it is, else it is learnt from `teacher`, a folder (else the installed package's), `dictionary`, English
    words, and `definitions`, a folder that says what they mean (else the system's). `image_from`: a model folder whose
    image tower it starts from, else it starts from nothing. `workers` processes render; `final_scenes` a family are in
    the last exam.
    """

    gallery: Path | None = None
    text_from: Path | None = None
    image_from: Path | None = None
    teacher: Path | None = None
    dictionary: Path | None = None
    definitions: Path | None = None
    workers: int = 2
    final_scenes: int = 24
    compiled: bool = False


def train(config: TrainingConfig, out: Path, means: Means, tell: Tell) -> Marks:
    """Train in `out`, or go on there.

    Raises ModelError when the compiler, the teacher, the dictionary or the definitions are not there, when `out` or the
    gallery is another training's or in use, when a disk is full, and when the training diverges.
    """
    if means.compiled and shutil.which(compiler := os.environ.get("CXX", "g++")) is None:
        raise ModelError(f"--compile needs a C++ compiler, and there is no {compiler!r}; install it, or go without")
    with locked(out):
        return _train(config, out, means, tell)


def _train(config: TrainingConfig, out: Path, means: Means, tell: Tell) -> Marks:
    first_seed = config.seed * SEEDS_A_TRAINING if means.gallery is None else 0
    made_from = {
        "config": config.model_dump(),
        "gallery": gallery_key(first_seed),
        "text_from": OWN_READING if means.text_from is None else _digest(means.text_from),
        "image_from": FROM_NOTHING if means.image_from is None else _digest(means.image_from),
    }
    _same_training(out, made_from)
    reading, unfinished = out / "reading", out / "reading.part"
    if means.image_from is not None:  # before the reading, which takes a quarter of an hour
        _take_over_image_tower(PartsClipModel(_sizes(means.text_from)), means.image_from)
    if not reading.exists():
        _save_reader(config, unfinished, means, tell)
        write_whole(out / "config.json", to_json(made_from, indent=1) + "\n")
        unfinished.replace(reading)
    model, tokenizer = folder.read(reading)
    if means.image_from is not None:
        _take_over_image_tower(model, means.image_from)
    gallery = Gallery.open(
        means.gallery or out / "gallery",
        config.looking.scenes,
        first_seed,
        means.workers,
        lambda done, scenes: tell("rendering", done / scenes, f"{done} of {scenes} scenes"),
    )
    keep, pictures = out / "checkpoint", config.looking.pictures
    history = _history(out / "history.jsonl", pictures_kept(keep, config.looking))
    write_whole(out / "config.json", to_json(made_from, indent=1) + "\n")

    def told(figures: dict[str, float], marks: Marks | None) -> None:
        text = f"{figures['pictures']:.0f} pictures, loss {figures['loss']:.3f}, scale {figures['scale']:.1f}"
        if marks is not None:
            history.append({**figures, "auroc": marks.trained.auroc, "naming": marks.trained.naming})
            _write_history(out / "history.jsonl", history)
            text = f"{text}: {marks.line()}"
        tell("looking" if marks is None else "exam", figures["pictures"] / pictures, text)

    exam = papers(EXAM_SCENES, first_seed=REHEARSAL_SEED)
    look(model, tokenizer, gallery, config.looking, config.seed, keep, exam, told, compiled=means.compiled)
    folder.save(out / "model", model, tokenizer)
    # What is shipped is examined: half the precision of what was trained.
    final = examine(LiveEncoder(*folder.read(out / "model")), papers(means.final_scenes))
    report = {
        **made_from,
        "teacher": (read_json(reading / "teacher.json") or {}).get("weights"),
        "compiled": means.compiled,
        "versions": {module.__name__: str(module.__version__) for module in (torch, np, transformers)},
        "history": history,
        "final": final,
    }
    write_whole(out / "model" / "training.json", to_json(report, indent=1) + "\n")
    tell("final exam", 1.0, final.line())
    return final


def _sizes(text_from: Path | None) -> PartsClipConfig:
    """What the model will be like."""
    return PartsClipConfig() if text_from is None else folder.read(text_from)[0].config


def _take_over_image_tower(model: PartsClipModel, source: Path) -> None:
    """What was learnt of pictures before is kept; where the sentences' meanings lie is learnt anew."""
    try:
        tensors = load_file(source / WEIGHTS)
        prefix = "image."
        model.image.load_state_dict(
            {name.removeprefix(prefix): value.float() for name, value in tensors.items() if name.startswith(prefix)}
        )
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ModelError(f"{source}: it has no image tower of these sizes; leave --image-from out") from error


def _digest(model: Path) -> str:
    return Checkpoint(str(model), model).weights_digest()


def _same_training(out: Path, made_from: dict[str, Any]) -> None:
    """A folder is one training's: another one would go on from a checkpoint that is not its own."""
    if not any((out / name).exists() for name in ("config.json", "reading", "checkpoint", "history.jsonl", "model")):
        return
    before = read_json(out / "config.json")
    if isinstance(before, dict) and isinstance(before.get("config"), dict):
        before = {**before, "config": _but_its_length(before["config"])}
    made_from = {**made_from, "config": _but_its_length(made_from["config"])}
    told = {"gallery": "gallery or renderer", "text_from": "--text-from", "image_from": "--image-from"}
    for name, what in {"config": "config", **told}.items():
        if not isinstance(before, dict) or before.get(name) != made_from[name]:
            raise ModelError(f"{out} holds a training with another {what} (config.json); choose another folder")


def _but_its_length(config: Mapping[str, Any]) -> dict[str, Any]:
    """A training can be made longer: what a checkpoint is good for, `look` knows."""
    looking = config.get("looking")
    longer = ("pictures", "exam_every")
    kept = {k: v for k, v in looking.items() if k not in longer} if isinstance(looking, dict) else looking
    return {**config, "looking": kept}


def _history(path: Path, pictures: int) -> list[dict[str, Any]]:
    """The exams up to the checkpoint, after so many pictures: later ones are held again, and are dropped."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    try:
        history = [exam for line in lines if (exam := json.loads(line))["pictures"] <= pictures]
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: not the exams of a training ({error!r}); move it away and go on without") from error
    _write_history(path, history)
    return history


def _write_history(path: Path, history: Sequence[dict[str, Any]]) -> None:
    write_whole(path, "".join(to_json(exam) + "\n" for exam in history))


def _save_reader(config: TrainingConfig, kept: Path, means: Means, tell: Tell) -> None:
    """Make a model that can read and has seen nothing, with a note of the teacher's weights."""
    torch.manual_seed(config.seed)
    teacher: str | None = None
    if means.text_from is None:
        place = teacher_folder(means.teacher)
        teacher = sha256_of(place / WEIGHTS)
        words = _dictionary(means.dictionary or _DICTIONARY)
        definitions = Definitions.load(means.definitions or _DEFINITIONS)
        lexicon = Lexicon(Teacher.load(place), definitions)
        model, tokenizer = _learn_to_read(config.reading, config.seed, lexicon, words, tell)
    else:
        able, tokenizer = folder.read(means.text_from)
        model = PartsClipModel(deepcopy(able.config))
        joint = {name: value for name, value in model.text.state_dict().items() if name.startswith(_JOINT)}
        model.text.load_state_dict({**able.text.state_dict(), **joint})
    folder.save(kept, model, tokenizer)
    write_whole(kept / "teacher.json", to_json({"weights": teacher}) + "\n")


def _dictionary(path: Path) -> list[str]:
    if not path.is_file():
        raise ModelError(
            f"{path} is not there: a list of English words is needed, one a line; install 'wamerican', or name one "
            "with --dictionary"
        )
    try:
        return path.read_text(encoding="utf-8").split()
    except UnicodeDecodeError as error:
        raise ModelError(f"{path} is not UTF-8 text (byte {error.start}); save the list as UTF-8") from error


def _learn_to_read(
    plan: ReadingConfig, seed: int, lexicon: Lexicon, dictionary: Sequence[str], tell: Tell
) -> tuple[PartsClipModel, BertTokenizer]:
    rng = np.random.default_rng([seed, 13])
    tell("vocabulary", 0.0, "choosing words")
    field = distil.field_words(rng, 40_000)
    words = choose_words(lexicon, dictionary, field, distil.defect_words(), plan.whole_words)
    sizes = PartsClipConfig(vocab_size=len(words))
    tokenizer = make_tokenizer(words, sizes.max_position_embeddings)
    sizes.bos_token_id, sizes.eos_token_id = tokenizer.cls_token_id, tokenizer.sep_token_id
    sizes.pad_token_id = tokenizer.pad_token_id
    model = PartsClipModel(sizes)
    with torch.no_grad():
        model.text.words.weight.copy_(word_table(lexicon, words, sizes.word_width))
    pairs = distil.reading_matter(rng, plan, words)
    steps = plan.rounds * (len(pairs) // plan.batch)

    def told(step: int, cosine: float) -> None:
        tell("reading", step / steps, f"{step} of {steps} steps, cosine with the teacher {cosine:.3f}")

    distil.distil(model, tokenizer, lexicon.teacher, pairs, plan, rng, told)
    return model, tokenizer
