"""CLIP and SigLIP models with random weights in the form in which checkpoints are published, small enough to be saved
and loaded in a test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer, Siglip2Config, Siglip2Model, SiglipConfig, SiglipModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.clip.processing_clip import CLIPProcessor
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.siglip2.image_processing_pil_siglip2 import Siglip2ImageProcessorPil
from transformers.utils import logging

logging.disable_progress_bar()  # it would leave a thread behind

SIDE_PX = 32
TEXT_LENGTH = 16
TOWER = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
WIDER = {**TOWER, "hidden_size": 24}
BEGIN, END = "<|startoftext|>", "<|endoftext|>"
SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
WORDS = ["a photo of a nut with a long scratch, near the edge", "A FLAWLESS NUT", "an undamaged hex nut."]


def save_clip(folder: Path, seed: int = 0) -> Path:
    """As saved today: `processor_config.json`."""
    _save_clip(folder, seed, projection_dim=16)
    return folder


def save_old_clip(folder: Path) -> Path:
    """As OpenAI's were published: `preprocessor_config.json` with plain numbers, activations not named."""
    _save_clip(folder, seed=0, projection_dim=16)
    (folder / "processor_config.json").unlink()
    old = {
        "crop_size": SIDE_PX,
        "do_center_crop": True,
        "do_normalize": True,
        "do_resize": True,
        "feature_extractor_type": "CLIPFeatureExtractor",
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
        "resample": 3,
        "size": SIDE_PX,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(old))
    return folder


def save_openclip(folder: Path) -> Path:
    """As OpenCLIP's are published: gelu instead of quick_gelu, towers of different widths, a third for both, and the
    same weights a second time for OpenCLIP itself."""
    _save_clip(folder, seed=2, projection_dim=20, activation="gelu", vision=WIDER)
    (folder / "open_clip_model.safetensors").write_bytes(b"for another library")
    return folder


def _clip_tokenizer() -> CLIPTokenizer:
    """A byte-level BPE in CLIP's own form; the two special tokens come last, as transformers gives the id 2 a meaning
    of its own as end of text."""
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
    room = 1024 - len(characters) - 2
    trainer = trainers.BpeTrainer(
        vocab_size=room + len(alphabet),
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    learner.train_from_iterator(WORDS, trainer)
    with TemporaryDirectory() as scratch:
        learner.model.save(scratch)
        lines = (Path(scratch) / "merges.txt").read_text(encoding="utf-8").splitlines()
    merges: list[Any] = [tuple(line.split()) for line in lines if not line.startswith("#")][:room]
    tokens = characters + [left + right for left, right in merges]
    vocabulary = {token: index for index, token in enumerate(dict.fromkeys([*tokens, BEGIN, END]))}
    return CLIPTokenizer(
        vocab=vocabulary,
        merges=merges,
        model_max_length=TEXT_LENGTH,
        bos_token=BEGIN,
        eos_token=END,
    )


def _save_clip(
    folder: Path, seed: int, projection_dim: int, activation: str = "quick_gelu", vision: dict[str, int] = TOWER
) -> None:
    tokenizer = _clip_tokenizer()
    torch.manual_seed(seed)
    config = CLIPConfig(
        text_config={
            **TOWER,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": TEXT_LENGTH,
            "eos_token_id": tokenizer.eos_token_id,
            "bos_token_id": tokenizer.bos_token_id,
            "hidden_act": activation,
        },
        vision_config={**vision, "image_size": SIDE_PX, "patch_size": 8, "hidden_act": activation},
        projection_dim=projection_dim,
    )
    CLIPModel(config).save_pretrained(folder)
    processor = CLIPImageProcessorPil(size={"shortest_edge": SIDE_PX}, crop_size={"height": SIDE_PX, "width": SIDE_PX})
    CLIPProcessor(processor, tokenizer).save_pretrained(folder)


def save_siglip(folder: Path) -> Path:
    """SigLIP 1: a vocabulary of sentencepiece, here as the tokenizer.json that is published beside it."""
    words = Tokenizer(models.BPE(unk_token="<unk>"))
    words.normalizer = normalizers.Replace(Regex(" {2,}"), " ")
    words.pre_tokenizer = pre_tokenizers.Metaspace()
    words.train_from_iterator(WORDS, trainers.BpeTrainer(vocab_size=120, special_tokens=["</s>", "<unk>"]))
    words.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 0)])
    tokens = {"eos_token": "</s>", "pad_token": "</s>", "unk_token": "<unk>", "do_lower_case": True}
    _save_tokenizer(folder, words, {**tokens, "tokenizer_class": "SiglipTokenizer"})
    _save_siglip(folder, words.get_vocab_size())
    return folder


def save_siglip2(folder: Path) -> Path:
    """SigLIP 2 of one size: the same architecture with Gemma's tokenizer, which does not lower the case."""
    words = _gemma()
    _save_tokenizer(folder, words, _GEMMA)
    _save_siglip(folder, words.get_vocab_size(), resample=2)
    return folder


def save_naflex(folder: Path) -> Path:
    """SigLIP 2 NaFlex: pictures of any proportions, in patches."""
    words = _gemma()
    _save_tokenizer(folder, words, {**_GEMMA, "processor_class": "Siglip2Processor"})
    torch.manual_seed(0)
    text = {**TOWER, "vocab_size": words.get_vocab_size(), "max_position_embeddings": 64, "projection_size": 16}
    config = Siglip2Config(text_config=text, vision_config={**TOWER, "num_patches": 64, "patch_size": 8})
    Siglip2Model(config).save_pretrained(folder)
    Siglip2ImageProcessorPil(patch_size=8, max_num_patches=64).save_pretrained(folder)
    return folder


def _save_siglip(folder: Path, vocabulary: int, resample: int = 3) -> None:
    torch.manual_seed(0)
    config = SiglipConfig(
        text_config={**TOWER, "vocab_size": vocabulary, "max_position_embeddings": 64, "projection_size": 16},
        vision_config={**TOWER, "image_size": SIDE_PX, "patch_size": 8},
    )
    SiglipModel(config).save_pretrained(folder)
    SiglipImageProcessorPil(size={"height": SIDE_PX, "width": SIDE_PX}, resample=resample).save_pretrained(folder)


_GEMMA = {
    "add_bos_token": False,
    "add_eos_token": True,
    "bos_token": "<bos>",
    "eos_token": "<eos>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "do_lower_case": True,
    "processor_class": "SiglipProcessor",
    "tokenizer_class": "GemmaTokenizer",
}


def _gemma() -> Tokenizer:
    """Bytes where a letter is not known, spaces as part of words, an end and no beginning."""
    words = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    words.normalizer = normalizers.Replace(" ", "▁")
    words.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    bytes_of_all = [f"<0x{value:02X}>" for value in range(256)]
    words.train_from_iterator(WORDS, trainers.BpeTrainer(vocab_size=400, special_tokens=[*SPECIAL, *bytes_of_all]))
    words.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    words.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    return words


def _save_tokenizer(folder: Path, words: Tokenizer, settings: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    words.save(str(folder / "tokenizer.json"))
    published = {"model_input_names": ["input_ids"], "model_max_length": 64, "padding_side": "right"}
    (folder / "tokenizer_config.json").write_text(json.dumps({**published, **settings}))


SAVE: dict[str, Callable[[Path], Path]] = {
    "clip": save_clip,
    "old clip": save_old_clip,
    "openclip": save_openclip,
    "siglip": save_siglip,
    "siglip2": save_siglip2,
    "naflex": save_naflex,
}


def with_a_word_too_many(folder: Path, word: str) -> Path:
    """A published model's folder, whose tokenizer then knows a word that the model has no row for."""
    config, tokenizer = (json.loads((folder / name).read_text()) for name in ("config.json", "tokenizer.json"))
    added = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    tokenizer["added_tokens"].append({"id": config["text_config"]["vocab_size"], "content": word, **added})
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    return folder
