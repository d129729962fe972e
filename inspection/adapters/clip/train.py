"""The image tower learns to see what sentences say; see `distil` for how the text tower learns to read.

The length is a number of pictures, and every step draws from a generator of its own seed: a training that was
interrupted goes on from its last checkpoint as if it had not been.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertTokenizer

from inspection.adapters.clip import losses
from inspection.adapters.clip.exam import Marks, Papers, examine
from inspection.adapters.clip.gallery import PICTURES, Gallery
from inspection.adapters.clip.lessons import Lesson, make_lesson
from inspection.adapters.clip.optimiser import Optimiser
from inspection.adapters.clip.parts_clip import PartsClipModel
from inspection.adapters.clip.tokens import tokenize
from inspection.config.training import LookingConfig
from inspection.domain.errors import ModelError
from inspection.domain.types import Pixels, Vectors
from inspection.synthesis.captions import TRAINED_KINDS
from inspection.wording import unknown_name

WARM_UP_STEPS = 300
FALLING = 1 / 3
MOST_SCALE = math.log(60.0)
UNSURE = 0.3
"""How far a sentence's meaning is moved about, in its own standard deviations: a word near by means nearly the same."""
BY_WORDS_ALONE = 0.3
"""The share of sentences that are understood by their words alone: how a sentence with a new word reads is a guess,
what the word means is not."""
Tell = Callable[[dict[str, float], Marks | None], None]


class LiveEncoder:
    """The model in training as an `Encoder` with cells, for the exams."""

    def __init__(self, model: PartsClipModel, tokenizer: BertTokenizer) -> None:
        self.model, self.tokenizer = model.eval(), tokenizer  # type: ignore[no-untyped-call]

    @property
    def logit_scale(self) -> float:
        return float(self.model.logit_scale.detach().exp())

    @property
    def fingerprint(self) -> dict[str, str]:
        return {"model": "in training"}

    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        return self._both(images)[0]

    def embed_cells(self, images: Sequence[Pixels]) -> Vectors:
        return self._both(images)[1]

    @torch.inference_mode()
    def _both(self, images: Sequence[Pixels]) -> tuple[Vectors, Vectors]:
        whole, cells = [], []
        for start in range(0, len(images), 32):
            one, many = self.model.get_dense_features(to_values(np.stack(images[start : start + 32])))
            whole.append(functional.normalize(one, dim=1).numpy())
            cells.append(functional.normalize(many, dim=1).permute(0, 2, 3, 1).numpy())
        return np.concatenate(whole), np.concatenate(cells)

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        features = self.model.get_text_features(**tokenize(self.tokenizer, texts))
        return np.asarray(functional.normalize(features, dim=1).numpy(), np.float32)


def to_values(pixels: Pixels) -> Tensor:
    """uint8 (n, S, S, 3) -> float32 (n, 3, S, S), −1 to 1, as the saved processor has it."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1


class Pupil(nn.Module):
    """The model with two helpers that are thrown away: they name the kind without words, which is learnt sooner."""

    def __init__(self, model: PartsClipModel, *, compiled: bool = False) -> None:
        super().__init__()
        self.model = model
        self.see = torch.compile(model.get_dense_features) if compiled else model.get_dense_features
        self.name_whole = nn.Linear(model.config.projection_dim, len(TRAINED_KINDS) + 1)
        self.name_cells = nn.Conv2d(model.config.projection_dim, len(TRAINED_KINDS) + 1, 1)

    def learnt(self) -> list[tuple[str, nn.Parameter]]:
        """Both towers in one space: the text tower's own reading is left as its teacher made it."""
        kept = ("model.text.bend", "model.text.whole")
        return [(n, p) for n, p in self.named_parameters() if not n.startswith("model.text.") or n.startswith(kept)]


def shaped_by_muon(name: str) -> bool:
    """The image tower between its stem and what it hands on."""
    inner = ("stages", "compare", "fine", "coarse", "merge")
    return name.startswith(tuple(f"model.image.{part}." for part in inner))


def loss_of(pupil: Pupil, tokenizer: BertTokenizer, lesson: Lesson, unsure: torch.Generator) -> Tensor:
    """The loss of one step."""
    model = pupil.model
    texts = [*lesson.sentences, *(text for states in lesson.states for text in states)]
    with torch.no_grad():
        meaning = model.text.meaning(**tokenize(tokenizer, texts))
        meaning = meaning + UNSURE * meaning.std(dim=0) * torch.randn(meaning.shape, generator=unsure)
        by_words = torch.rand(len(meaning), generator=unsure) < BY_WORDS_ALONE
        meaning[by_words, : model.config.text_width] = 0
    with torch.autocast("cpu", torch.bfloat16):
        whole, cells = pupil.see(lesson.values)
        named, named_cells = pupil.name_whole(whole), pupil.name_cells(cells)
    read = functional.normalize(model.text.project(meaning), dim=1)
    whole, cells = functional.normalize(whole.float(), dim=1), functional.normalize(cells.float(), dim=1)
    scale = model.logit_scale.clamp(max=MOST_SCALE).exp()
    kinds, unasked, cover = lesson.kinds, lesson.unasked, lesson.cover
    is_bad = kinds > 0
    scenes = len(kinds) // PICTURES
    twins = whole.view(scenes, PICTURES, -1)[:, :1].expand(-1, PICTURES, -1).flatten(0, 1)[is_bad]
    loss = 0.5 * losses.caption_contrast(whole, read[: len(lesson.sentences)], lesson.true, lesson.untold, scale)
    sets = len(lesson.states)
    for states in read[len(lesson.sentences) :].chunk(sets):
        loss = loss + 2 * losses.state_choice(whole, states, kinds, unasked, scale) / sets
        loss = loss + 0.5 * losses.twin_ranking(whole[is_bad], twins, states, kinds[is_bad], scale) / sets
        fit = scale * torch.einsum("ndhw,kd->nkhw", cells, states[:-1])
        loss = loss + losses.cell_choice(fit, kinds, unasked, cover) / sets
    loss = loss + 0.5 * losses.kind_choice(named.float(), kinds, unasked)
    return loss + 0.5 * losses.cell_choice(named_cells.float(), kinds, unasked, cover)


def learning_rate(peak: float, step: int, steps: int) -> float:
    """Linear warm-up, level, and over the last third linear to nothing: until then a longer training is the same, but
    for the warm-up of a very short one."""
    warm_up = max(1, min(WARM_UP_STEPS, steps // 10))
    return peak * min(1.0, (step + 1) / warm_up, (steps - step) / (FALLING * steps))


def level_steps(steps: int) -> int:
    """How many of so many steps are the same in a longer training."""
    return int((1 - FALLING) * steps)


def look(
    model: PartsClipModel,
    tokenizer: BertTokenizer,
    gallery: Gallery,
    plan: LookingConfig,
    seed: int,
    keep: Path,
    exam: Sequence[Papers],
    tell: Tell,
    *,
    compiled: bool = False,
) -> None:
    """Train on `gallery` until `plan.pictures` were shown, in place. `keep` is the file of the checkpoint: if it is
    there, go on from it; from `level_of` it, if the checkpoint is of a plan of another length whose rate was falling.

    `tell(figures, marks)` at every exam, before its checkpoint is written, and without marks between them. `compiled`
    is a third faster and needs a C++ compiler.

    Raises ModelError when the loss is no number any more, when the checkpoint cannot be read or written, and when it is
    of a training of another length whose rate was falling.
    """
    torch.manual_seed(seed)
    pupil = Pupil(model, compiled=compiled).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = Optimiser(pupil.learnt(), shaped_by_muon)
    steps = _steps(plan)
    every = max(1, plan.exam_every // (plan.scenes_a_step * PICTURES))
    dealt = dealt_scenes(gallery, plan.hard_families)
    step, smoothed = _go_on(_last(keep, plan), pupil, optimiser)
    while step < steps:
        rng = np.random.default_rng([seed, 11, step])
        lesson = make_lesson(
            gallery.draw(dealt[_turn(seed, step, plan.scenes_a_step, len(dealt))]),
            rng,
            plan.sentences_a_step,
            plan.state_sets,
        )
        pupil.train()
        loss = loss_of(pupil, tokenizer, lesson, torch.Generator().manual_seed(int(rng.integers(2**62))))
        pupil.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        slope = nn.utils.clip_grad_norm_([value for _, value in pupil.learnt()], 1.0)
        now = float(loss.detach())
        if not (math.isfinite(now) and math.isfinite(float(slope))):
            shown = step * plan.scenes_a_step * PICTURES
            raise ModelError(f"the training diverged at {shown} pictures: lower looking.rate, and use another folder")
        optimiser.step(learning_rate(plan.rate, step, steps))
        step += 1
        smoothed = now if math.isnan(smoothed) else 0.98 * smoothed + 0.02 * now
        figures = {
            "pictures": step * plan.scenes_a_step * PICTURES,
            "loss": smoothed,
            "scale": float(model.logit_scale.detach().exp()),
        }
        if step % every == 0 or step == steps:
            with torch.no_grad():
                model.logit_scale.clamp_(max=MOST_SCALE)
            pupil.eval()
            # In this order no exam is lost: what is told again after an interruption was not yet kept.
            tell(figures, examine(LiveEncoder(model, tokenizer), exam))
            _keep(keep, pupil, optimiser, _Place(step, steps, smoothed))
        elif step % 20 == 0:
            tell(figures, None)
        if step == level_steps(steps):
            _keep(level_of(keep), pupil, optimiser, _Place(step, steps, smoothed))
    pupil.eval()


def dealt_scenes(gallery: Gallery, times: Mapping[str, int]) -> npt.NDArray[np.intp]:
    """The scenes that a round is dealt from: every one once, and those of a hard family so many times.

    Raises ModelError for a family that no picture shows.
    """
    families = np.array([each[0].family for each in gallery.seen])
    shown = set(families.tolist())
    for family in times:
        if family not in shown:
            raise ModelError(f"looking.hard_families: no picture shows a {family!r}; {unknown_name(family, shown)}")
    return np.repeat(np.arange(gallery.scenes), [times.get(family, 1) for family in families])


def _turn(seed: int, step: int, count: int, scenes: int) -> np.ndarray:
    """The places of a step: a permutation of all, dealt out; a new one when it is used up."""
    a_round = scenes // count
    order = np.random.default_rng([seed, 12, step // a_round]).permutation(scenes)
    return order[step % a_round * count :][:count]


@dataclass(frozen=True, slots=True)
class _Place:
    """How far a training is: `step` of `steps` are done, with this loss."""

    step: int
    steps: int
    loss: float


def _steps(plan: LookingConfig) -> int:
    return plan.pictures // (plan.scenes_a_step * PICTURES)


def level_of(keep: Path) -> Path:
    """The checkpoint of the last level step, beside that of the last exam."""
    return keep.with_name(f"{keep.name}-level")


def _last(keep: Path, plan: LookingConfig) -> Path:
    """The file to go on from. Raises ModelError."""
    if not keep.is_file() or (place := _place(keep)).steps == _steps(plan):
        return keep
    if place.step <= level_steps(min(place.steps, _steps(plan))):
        return keep
    level = level_of(keep)
    if level.is_file() and _place(level).step <= level_steps(_steps(plan)):
        return level
    raise ModelError(
        f"{keep}: of a training of {place.steps} steps, whose rate was falling already; it cannot end after "
        f"{_steps(plan)}: choose more looking.pictures, or another folder"
    )


def _keep(path: Path, pupil: Pupil, optimiser: Optimiser, place: _Place) -> None:
    """Everything that the next step needs, in one file that is there whole or not at all."""
    tensors = {f"pupil.{name}": value.contiguous() for name, value in pupil.state_dict().items()}
    tensors |= {f"optimiser.{name}": value for name, value in optimiser.memory().items()}
    temporary = path.with_suffix(".tmp")
    try:
        save_file(tensors, temporary, {name: str(value) for name, value in asdict(place).items()})
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"{path}: the checkpoint cannot be written ({error}); make room there and give the same command again: the "
            "training goes on from the one before"
        ) from error


def pictures_kept(keep: Path, plan: LookingConfig) -> int:
    """How many pictures were shown when the checkpoint that `plan` goes on from was written; 0 if there is none.

    Raises ModelError."""
    last = _last(keep, plan)
    return _place(last).step * plan.scenes_a_step * PICTURES if last.is_file() else 0


def _place(path: Path) -> _Place:
    try:
        with safe_open(path, "pt") as file:
            notes: dict[str, str] = file.metadata()
        return _Place(int(notes["step"]), int(notes["steps"]), float(notes["loss"]))
    except (OSError, SafetensorError, TypeError, KeyError, ValueError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> ModelError:
    reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return ModelError(f"{path}: the checkpoint cannot be read ({reason}); remove it, and looking begins anew")


def _go_on(path: Path, pupil: Pupil, optimiser: Optimiser) -> tuple[int, float]:
    """Step and smoothed loss of the checkpoint, which is read; 0 and NaN if there is none."""
    if not path.is_file():
        return 0, math.nan
    place = _place(path)
    try:
        tensors = load_file(path)
        pupil.load_state_dict({n.removeprefix("pupil."): v for n, v in tensors.items() if n.startswith("pupil.")})
        optimiser.remember({n.removeprefix("optimiser."): v for n, v in tensors.items() if n.startswith("optimiser.")})
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise _damaged(path, error) from error
    return place.step, place.loss
