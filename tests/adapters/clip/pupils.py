"""What tests of the training share: a model, a vocabulary and plans that are small enough to be trained in a test."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from transformers import BertConfig, BertModel, BertTokenizer

from inspection.adapters.clip.parts_clip import PartsClipConfig, PartsClipModel
from inspection.adapters.clip.teacher import SPECIAL
from inspection.adapters.clip.tokens import make_tokenizer
from inspection.config.training import LookingConfig, ReadingConfig

LETTERS = [chr(ord("a") + index) for index in range(26)]
WORDS = [*SPECIAL, *LETTERS, *(f"##{letter}" for letter in LETTERS), "scratch", "nut", "good", "dent", "with", "photo"]
READING = ReadingConfig(
    trade_phrases=1000, general_phrases=100, translated_phrases=50, rounds=8, batch=64, rate=3e-3, whole_words=1000
)
LOOKING = LookingConfig(
    scenes=64, pictures=1000, scenes_a_step=4, sentences_a_step=8, state_sets=1, rate=2e-3, exam_every=1000
)


def small_model() -> tuple[PartsClipModel, BertTokenizer]:
    torch.manual_seed(0)
    tokenizer = make_tokenizer(WORDS, 32)
    sizes = PartsClipConfig(
        image_widths=(8, 8, 16, 16), cell_width=16, projection_dim=32, vocab_size=len(WORDS), word_width=8,
        text_width=32, text_layers=1,
    )  # fmt: skip
    sizes.bos_token_id, sizes.eos_token_id = tokenizer.cls_token_id, tokenizer.sep_token_id
    return PartsClipModel(sizes), tokenizer


def save_teacher(kept: Path) -> None:
    """Of the real one's architecture, with random weights."""
    torch.manual_seed(1)
    sizes = {"hidden_size": 96, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    BertModel(BertConfig(vocab_size=len(WORDS), **sizes)).save_pretrained(kept)
    make_tokenizer(WORDS, 32).save_pretrained(kept)


_SENSES = {
    "noun": (("nick snick", "a small cut; \"a nick in the blade\""), ("chip", "a fragment"), ("score", "a line"),
             ("cavity", "a hollow")),
    "verb": (("nick chip", "cut a nick into"), ("tear", "pull apart")),
    "adj": (("worn(p)", "used up"),),
    "adv": (("fast", "at speed"),),
}  # fmt: skip


def save_definitions(folder: Path) -> None:
    """A small dictionary in the format of wndb(5WN), its licence at the head of each file."""
    folder.mkdir(exist_ok=True)
    for part, senses in _SENSES.items():
        data, index = "  1 a licence\n", dict[str, list[str]]()
        for names, gloss in senses:
            place = f"{len(data):08}"
            listed = " ".join(f"{name} 0" for name in names.split())
            data += f"{place} 00 {part[0]} {len(names.split()):02x} {listed} 000 | {gloss}  \n"
            for name in names.split():
                index.setdefault(name.partition("(")[0], []).append(place)
        (folder / f"data.{part}").write_text(data, encoding="utf-8")
        rows = [f"{lemma} {part[0]} {len(at)} 0 {len(at)} 0 {' '.join(at)}  \n" for lemma, at in sorted(index.items())]
        (folder / f"index.{part}").write_text("  1 a licence\n" + "".join(rows), encoding="utf-8")
        (folder / f"{part}.exc").write_text("torn tear\n" if part == "verb" else "", encoding="utf-8")


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """No file of this process can grow beyond so many bytes: to what is written, a disk without room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
