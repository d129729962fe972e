"""The bundled model as a folder that transformers loads: its tokenizer and processor are made here."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.clip.processing_clip import CLIPProcessor

from inspection.adapters.clip.checkpoint import Checkpoint
from inspection.adapters.clip.lessons import KIND_NAMES, SIZE_PX, write_states
from inspection.adapters.clip.parts_clip import PartsClipConfig, PartsClipModel
from inspection.adapters.clip.record import write_record
from inspection.synthesis import captions

BEGIN, END = "<|startoftext|>", "<|endoftext|>"
SENTENCES = 12_000


def train_tokenizer(seed: int, config: PartsClipConfig) -> CLIPTokenizer:
    """A byte-level BPE in CLIP's own form, learnt from captions; every byte has a token, so nothing is
    unknown.

    The two special tokens come last: transformers gives the id 2 a meaning of its own as end of text.
    """
    rng = np.random.default_rng([seed, 7])
    sentences = [text for _ in range(SENTENCES // (len(KIND_NAMES) + 2)) for text in write_states(rng)]
    sentences += [captions.any_noun(rng) for _ in range(SENTENCES // 10)]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    characters = alphabet + [f"{character}</w>" for character in alphabet]
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    room = config.vocab_size - len(characters) - 2
    trainer = trainers.BpeTrainer(
        vocab_size=room + len(alphabet),
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    learner.train_from_iterator(sentences, trainer)
    with TemporaryDirectory() as scratch:
        learner.model.save(scratch)
        lines = (Path(scratch) / "merges.txt").read_text(encoding="utf-8").splitlines()
    merges: list[Any] = [tuple(line.split()) for line in lines if not line.startswith("#")][:room]
    tokens = characters + [left + right for left, right in merges]
    vocabulary = {token: index for index, token in enumerate(dict.fromkeys([*tokens, BEGIN, END]))}
    return CLIPTokenizer(
        vocab=vocabulary,
        merges=merges,
        model_max_length=config.max_position_embeddings,
        bos_token=BEGIN,
        eos_token=END,
    )


def image_processor() -> CLIPImageProcessorPil:
    """The whole picture, squeezed to a square; no centre crop: a part's border is where its chips are."""
    return CLIPImageProcessorPil(
        size={"height": SIZE_PX, "width": SIZE_PX},
        do_center_crop=False,
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
    )


def save(folder: Path, model: PartsClipModel, tokenizer: CLIPTokenizer) -> None:
    """Write config, weights (safetensors), tokenizer and processor, and the record that `model verify` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    CLIPProcessor(image_processor(), tokenizer).save_pretrained(folder)  # type: ignore[no-untyped-call]
    write_record(Checkpoint(folder.resolve().name, folder), "", "", datetime.now(UTC))


def read(folder: Path) -> tuple[PartsClipModel, CLIPTokenizer]:
    """What `save` wrote, to train it further."""
    model = PartsClipModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    return model, CLIPTokenizer.from_pretrained(folder, local_files_only=True)
