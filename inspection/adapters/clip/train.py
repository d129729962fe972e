"""Train the bundled model on rendered parts, from nothing or further on from a folder.

    python -m inspection.adapters.clip.train --out DIR --minutes 30 --seed 0
    python -m inspection.adapters.clip.train --out DIR --minutes 30 --seed 1 --start EARLIER

One process renders, this one trains. The same seed gives the same pictures in the same order, but how many
are seen depends on the machine, as the length is a time.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import CLIPTokenizer
from transformers.utils import logging as transformers_logging

from inspection.adapters.clip import folder, losses
from inspection.adapters.clip.exam import Marks, examine
from inspection.adapters.clip.lessons import KIND_NAMES, Parcel, Renderer, Shelf, write_caption, write_states
from inspection.adapters.clip.parts_clip import PartsClipConfig, PartsClipModel
from inspection.domain.types import Pixels, Vectors

PAIRS_A_STEP = 32
STATE_SETS = 2
SHELF_PAIRS = 24_000
PAIRS_BEFORE_START = 512
PEAK_RATE, PEAK_RATE_GOING_ON = 2e-3, 1.2e-3
WARM_UP_STEPS = 200
MOST_SCALE = math.log(60.0)


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and from what. `exam_every_min` and the pairs of the exams do not change the training."""

    out: Path
    minutes: float
    seed: int
    threads: int
    start: Path | None = None
    exam_every_min: float = 5.0
    exam_pairs: int = 320
    final_pairs: int = 3200


class LiveEncoder:
    """The model in training as an `Encoder`, for the exams."""

    def __init__(self, model: PartsClipModel, tokenizer: CLIPTokenizer) -> None:
        self.model, self.tokenizer = model, tokenizer

    @property
    def logit_scale(self) -> float:
        return float(self.model.logit_scale.detach().exp())

    @property
    def fingerprint(self) -> dict[str, str]:
        return {"model": "in training"}

    @torch.inference_mode()
    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        features = self.model.get_image_features(to_values(np.stack(images)))
        return np.asarray(functional.normalize(features, dim=1).numpy(), np.float32)

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        features = self.model.get_text_features(**tokenize(self.tokenizer, texts))
        return np.asarray(functional.normalize(features, dim=1).numpy(), np.float32)


def to_values(pixels: Pixels) -> Tensor:
    """uint8 (n, S, S, 3) -> float32 (n, 3, S, S), −1 to 1, as the saved processor has it."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1


def tokenize(tokenizer: CLIPTokenizer, texts: Sequence[str]) -> dict[str, Tensor]:
    batch = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
    return {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}


def vary(parcel: Parcel, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Turn and mirror a parcel's pictures with their cover, and change the light of each pair.

    Returns values bfloat16 (2 n, 3, S, S), channels last in memory, bad before good, and cover (n, 8, 8).
    """
    pixels, cover = parcel.pixels, parcel.cover
    if rng.random() < 0.5:
        pixels, cover = pixels[:, :, ::-1], cover[:, ::-1]
    if rng.random() < 0.5:
        pixels, cover = pixels[:, :, :, ::-1], cover[:, :, ::-1]
    if rng.random() < 0.5:
        pixels, cover = pixels.transpose(0, 1, 3, 2, 4), cover.transpose(0, 2, 1)
    count = len(pixels)
    gain = rng.uniform(0.8, 1.2, (count, 1)) + rng.uniform(-0.05, 0.05, (count, 3))
    factor = torch.from_numpy(np.repeat(gain, 2, axis=0) / 127.5).to(torch.bfloat16)[:, :, None, None]
    flat = np.ascontiguousarray(pixels).reshape(2 * count, *pixels.shape[2:])
    values = torch.from_numpy(flat).permute(0, 3, 1, 2).to(torch.bfloat16)
    return values.mul_(factor).sub_(1).clamp_(-1, 1), torch.from_numpy(np.ascontiguousarray(cover))


def lesson(model: PartsClipModel, tokenizer: CLIPTokenizer, parcel: Parcel, rng: np.random.Generator) -> Tensor:
    """The loss of one step."""
    count = len(parcel.seen)
    values, cover = vary(parcel, rng)
    truths = [(seen.family, kind) for seen in parcel.seen for kind in (seen.kind, None)]
    # Half of the pairs are described: sentences cost as much as pictures, and every picture is compared.
    captions = [write_caption(rng, seen, kind) for seen in parcel.seen[: count // 2] for kind in (seen.kind, None)]
    true = torch.tensor([[caption.true_of(*truth) for caption in captions] for truth in truths])
    state_texts = [text for _ in range(STATE_SETS) for text in write_states(rng)]
    kinds = torch.tensor([KIND_NAMES.index(seen.kind or "") + 1 for seen in parcel.seen])
    both = torch.stack([kinds, torch.zeros_like(kinds)], dim=1).flatten()
    both_cover = torch.stack([cover, torch.zeros_like(cover)], dim=1).flatten(0, 1)
    with torch.autocast("cpu", torch.bfloat16):
        whole, cells = model.get_dense_features(values)
        texts = model.get_text_features(**tokenize(tokenizer, [caption.text for caption in captions] + state_texts))
    whole, cells = functional.normalize(whole.float(), dim=1), functional.normalize(cells.float(), dim=1)
    texts = functional.normalize(texts.float(), dim=1)
    scale = model.logit_scale.clamp(max=MOST_SCALE).exp()
    loss = 0.5 * losses.caption_contrast(whole, texts[: len(captions)], true, scale)
    for states in texts[len(captions) :].chunk(STATE_SETS):
        # Twice the weight: telling kinds apart is learnt last, long after telling good from bad.
        loss = loss + 2 * losses.state_choice(whole, states, both, scale) / STATE_SETS
        loss = loss + 0.5 * losses.twin_ranking(whole[0::2], whole[1::2], states, kinds, scale) / STATE_SETS
        loss = loss + losses.cell_choice(cells, states, both, both_cover, scale) / STATE_SETS
    return loss


def learning_rate(peak: float, step: int, progress: float) -> float:
    """Linear warm-up by steps, then a cosine by the share of the time that has gone."""
    return peak * min(1.0, (step + 1) / WARM_UP_STEPS) * (0.5 + 0.5 * math.cos(math.pi * min(progress, 1.0)))


def beginning(plan: Plan) -> tuple[PartsClipModel, CLIPTokenizer]:
    """New weights and a tokenizer learnt from captions, or those of the folder to start from."""
    if plan.start is not None:
        return folder.read(plan.start)
    config = PartsClipConfig()
    tokenizer = folder.train_tokenizer(plan.seed, config)
    config.bos_token_id, config.eos_token_id = tokenizer.bos_token_id, tokenizer.eos_token_id
    return PartsClipModel(config), tokenizer


def train(plan: Plan) -> Marks:
    """Train, examine as it goes, save the folder and `training.json` with all figures. Returns the final marks."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.manual_seed(plan.seed)
    torch.set_num_threads(plan.threads)
    rng = np.random.default_rng([plan.seed, 8])
    model, tokenizer = beginning(plan)
    peak_rate = PEAK_RATE if plan.start is None else PEAK_RATE_GOING_ON
    encoder = LiveEncoder(model, tokenizer)
    before = _marks(encoder, plan.exam_pairs)
    print(f"before: {before.line()}", flush=True)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-arg]
    optimiser = torch.optim.AdamW(_groups(model), lr=peak_rate, betas=(0.9, 0.98))
    shelf, step, history = Shelf(SHELF_PAIRS), 0, []
    with Renderer(plan.seed) as renderer:
        while shelf.total < PAIRS_BEFORE_START:
            shelf.add(renderer.wait())
        began = time.monotonic()
        next_exam, smoothed = plan.exam_every_min, math.nan
        while (minutes := (time.monotonic() - began) / 60) < plan.minutes:
            for parcel in renderer.ready():
                shelf.add(parcel)
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(peak_rate, step, minutes / plan.minutes)
            model.train()
            loss = lesson(model, tokenizer, shelf.draw(rng, PAIRS_A_STEP), rng)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            step += 1
            now = float(loss.detach())
            smoothed = now if math.isnan(smoothed) else 0.98 * smoothed + 0.02 * now
            if minutes >= next_exam:
                next_exam += plan.exam_every_min
                marks = _marks(encoder, plan.exam_pairs)
                folder.save(plan.out, model, tokenizer)
                samples = step * PAIRS_A_STEP * 2
                now_seen = {"minutes": minutes, "samples": samples, "loss": smoothed}
                history.append(now_seen | asdict(marks))
                print(
                    f"{minutes:5.1f} min, {step} steps, {samples} samples, {2 * shelf.total} rendered, "
                    f"loss {smoothed:.3f}, scale {encoder.logit_scale:.1f}: {marks.line()}",
                    flush=True,
                )
        rendered = 2 * shelf.total
    with torch.no_grad():
        model.logit_scale.clamp_(max=MOST_SCALE)
    folder.save(plan.out, model, tokenizer)
    final = _marks(encoder, plan.final_pairs)
    print(f"final, {plan.final_pairs} pairs: {final.line()}", flush=True)
    report = {
        "minutes": plan.minutes,
        "seed": plan.seed,
        "steps": step,
        "samples": step * PAIRS_A_STEP * 2,
        "rendered": rendered,
        "before": asdict(before),
        "final": asdict(final),
        "history": history,
    }
    (plan.out / "training.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return final


def _marks(encoder: LiveEncoder, pairs: int) -> Marks:
    encoder.model.eval()  # type: ignore[no-untyped-call]
    return examine(encoder, pairs)


def _groups(model: PartsClipModel) -> list[dict[str, object]]:
    """Weight decay for matrices and kernels only: not norms, biases, embeddings of places or the scale."""
    decayed = [value for name, value in model.named_parameters() if value.ndim > 1 and "places" not in name]
    rest = [value for name, value in model.named_parameters() if value.ndim <= 1 or "places" in name]
    return [{"params": decayed, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    parser.add_argument("--minutes", type=float, default=30.0, help="time to train, without exams at the end")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="of torch; one core is left to the rendering")
    parser.add_argument("--start", type=Path, help="folder of a model to train further; otherwise from nothing")
    given = parser.parse_args()
    train(Plan(given.out, given.minutes, given.seed, given.threads, given.start))


if __name__ == "__main__":
    main()
