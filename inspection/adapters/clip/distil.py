"""The text tower learns English from its teacher, before it sees any picture.

Phrases of the trade, phrases with any words of the vocabulary in them, and German and French ones, which are held
against the teacher's reading of their English counterpart. Words that are held out are in none of them: they have their
place in the table of words and no more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertTokenizer

from inspection.adapters.clip.parts_clip import PartsClipModel
from inspection.adapters.clip.teacher import Teacher
from inspection.adapters.clip.tokens import tokenize
from inspection.config.training import ReadingConfig
from inspection.domain.errors import ModelError
from inspection.synthesis import captions
from inspection.synthesis.held_out import HELD_OUT_FAMILY, HELD_OUT_KIND, HELD_OUT_WORDS
from inspection.synthesis.vocabulary import DEFECT_ADJECTIVES, DEFECT_NOUNS, NOUNS

_FRAMES = ("{word}", "a {word}", "{word} {noun}", "a {word} {noun}", "a {noun} with a {word}", "a {noun} with {word}",
           "{word} on the {noun}", "a photo of a {word} {noun}", "the {noun} is {word}", "{word} and {other}",
           "a {word} {other}", "{noun}: {word}", "a {word} in the {noun}", "the {noun} has a {word}")  # fmt: skip
_STEM = 4
_HELD_OUT_STEMS = tuple(
    sorted(
        {word[:_STEM] for words in HELD_OUT_WORDS.values() for word in (*words.nouns, *words.adjectives)}
        | {noun.split()[-1][:_STEM] for noun in NOUNS[HELD_OUT_FAMILY]}
        | {noun.split()[-1][:_STEM] for noun in DEFECT_NOUNS[HELD_OUT_KIND]}
        | {word[:_STEM] for word in DEFECT_ADJECTIVES[HELD_OUT_KIND]}
    )
)
"""How held-out words begin, and names of the held-out family and kind: no such word is put into a general phrase."""


def reading_matter(rng: np.random.Generator, plan: ReadingConfig, vocabulary: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs: what the text tower reads, and what the teacher reads for it."""
    kinds = captions.TRAINED_KINDS
    sentences: list[str] = []
    while len(sentences) < plan.trade_phrases:
        sentences += captions.write_states(rng, kinds)
    general = general_phrases(rng, plan.general_phrases, vocabulary)
    same = [(text, text) for text in (*sentences[: plan.trade_phrases], *general)]
    return same + [captions.translated(rng) for _ in range(plan.translated_phrases)]


def general_phrases(rng: np.random.Generator, count: int, vocabulary: Sequence[str]) -> list[str]:
    """Any word of the vocabulary that is not held out, alone and in short phrases."""
    words = [word for word in vocabulary if len(word) > 2 and word.isalpha() and not _is_held_out(word)]
    chosen = rng.permutation(np.resize(np.arange(len(words)), count))
    frames, others = rng.integers(len(_FRAMES), size=count), rng.integers(len(words), size=count)
    return [
        _FRAMES[frame].format(word=words[word], other=words[other], noun=captions.any_noun(rng))
        for frame, word, other in zip(frames, chosen, others, strict=True)
    ]


def _is_held_out(word: str) -> bool:
    return word.startswith(_HELD_OUT_STEMS)


def field_words(rng: np.random.Generator, sentences: int) -> list[str]:
    """Every word that captions of the training are made of, as far as so many sentences show them."""
    seen: set[str] = set()
    for _ in range(sentences // (len(captions.TRAINED_KINDS) + 2)):
        for text in captions.write_states(rng, captions.TRAINED_KINDS):
            seen.update(word.strip(".,:;!?()") for word in text.lower().replace("-", " ").split())
    return sorted(word for word in seen if word.isalpha())


def defect_words() -> list[str]:
    """Every word that the trained kinds of defect are called."""
    names = (name for kind in captions.TRAINED_KINDS for name in (*DEFECT_NOUNS[kind], *DEFECT_ADJECTIVES[kind]))
    return sorted({word for name in names for word in name.lower().replace("-", " ").split() if word.isalpha()})


def distil(
    model: PartsClipModel,
    tokenizer: BertTokenizer,
    teacher: Teacher,
    pairs: Sequence[tuple[str, str]],
    plan: ReadingConfig,
    rng: np.random.Generator,
    tell: Callable[[int, float], None],
) -> float:
    """Train `model.text` but its last two layers and the table. Returns the mean cosine with the teacher at the end.

    `tell(step, cosine)` is called now and then.
    """
    targets = teacher.read([target for _, target in pairs]).to(torch.bfloat16)
    text = model.text
    text.words.weight.requires_grad_(False)
    head = nn.Linear(model.config.text_width, targets.shape[1])
    learnt = [*text.lift.parameters(), *text.places.parameters(), *text.blocks.parameters(), *text.norm.parameters()]
    optimiser = torch.optim.AdamW([*learnt, *head.parameters()], lr=plan.rate, weight_decay=0.01)
    steps = plan.rounds * (len(pairs) // plan.batch)
    # It divides by what rises less one: a plan of few steps has two that rise.
    rising = max(0.05, 2 / max(2, steps))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.rate, total_steps=max(2, steps), pct_start=rising)
    text.train()
    step, cosine = 0, 0.0
    for _ in range(plan.rounds):
        for batch in rng.permutation(len(pairs))[: len(pairs) // plan.batch * plan.batch].reshape(-1, plan.batch):
            tokens = tokenize(tokenizer, [pairs[index][0] for index in batch])
            with torch.autocast("cpu", torch.bfloat16):
                read = head(text.read(**tokens))
            loss, near = _likeness(functional.normalize(read.float(), dim=1), targets[batch].float())
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_([*learnt, *head.parameters()], 1.0)
            optimiser.step()
            schedule.step()
            step += 1
            if not math.isfinite(near):
                raise ModelError(f"reading diverged at step {step}: lower reading.rate")
            cosine = near if step == 1 else 0.98 * cosine + 0.02 * near
            if step % 100 == 0 or step == steps:
                tell(step, cosine)
    return cosine


def _likeness(read: Tensor, target: Tensor) -> tuple[Tensor, float]:
    """Each phrase is to point where the teacher points, and to be as like the others as the teacher finds it."""
    near = (read * target).sum(dim=1).mean()
    between = functional.mse_loss(read @ read.T, target @ target.T)
    return (1 - near) + 10 * between, float(near.detach())
