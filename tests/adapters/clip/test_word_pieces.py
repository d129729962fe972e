"""What a station reads the bundled model's phrases with reads them as training did."""

from __future__ import annotations

import pytest
import torch
from transformers import BertTokenizer

from inspection.adapters.clip.checkpoint import BUNDLED, BUNDLED_FOLDER, Checkpoint
from inspection.adapters.clip.tokens import tokenize
from inspection.adapters.clip.word_pieces import WordPieces

LENGTH, WORDS = 32, 29_082
ODD = {
    "nothing": "",
    "a blank": " ",
    "more than is read": "a nut with a scratch " * 100,
    "upper case": "A NUT, Scratched",
    "an emoji": "a nut \U0001f529 with a flag \U0001f1e9\U0001f1ea",
    "a null": "a\0nut",
    "a bell": "a\anut",
    "a space without width": "scr\u200batch",
    "written backwards": "a \u202etun\u202c",
    "a ligature": "a \ufb01ne \ufb02aw",
    "accents apart": "Kerbe, Gra\u0308te, fe\u0301lure",
    "accents in one": "Gr\u00e4te, f\u00e9lure, stra\u00dfe",
    "a capital I with a dot": "\u0130stanbul \u0131",
    "Chinese": "\u87ba\u6bcd\u4e0a\u7684\u5212\u75d5 nut",
    "special tokens": "a [MASK] nut [PAD] [SEP] with [CLS] an [UNK] end",
    "a word of 101 letters": "s" * 101,
    "a word of 100 letters": "s" * 100,
    "lines and tabs": "a\r\nnut\twith\na\rscratch",
    "what could not be decoded": "a \ufffd nut",
    "a blank that does not break": "a\u00a0nut\u3000scratched",
    "punctuation": "a nut; (with) a 0.5-mm \u2018scratch\u2019 & more_",
}


@pytest.fixture(scope="module")
def pieces() -> WordPieces:
    return WordPieces(Checkpoint(BUNDLED, BUNDLED_FOLDER), LENGTH, WORDS)


@pytest.fixture(scope="module")
def of_training() -> BertTokenizer:
    tokenizer: BertTokenizer = BertTokenizer.from_pretrained(BUNDLED_FOLDER, local_files_only=True)
    return tokenizer


@pytest.mark.parametrize(
    "phrases", [[phrase] for phrase in ODD.values()] + [[*ODD.values()]], ids=[*ODD, "all at once"]
)
def test_a_phrase_is_read_as_in_training(pieces: WordPieces, of_training: BertTokenizer, phrases: list[str]) -> None:
    trained = tokenize(of_training, phrases)
    ids, mask = pieces.read(phrases)
    assert ids.shape[1] <= LENGTH
    assert torch.equal(ids, trained["input_ids"])
    assert torch.equal(mask, trained["attention_mask"])


@pytest.mark.parametrize("phrase", ODD.values(), ids=ODD)
def test_it_is_told_as_it_is_read(pieces: WordPieces, of_training: BertTokenizer, phrase: str) -> None:
    assert pieces.count(phrase) == len(of_training(phrase, truncation=False).input_ids)
    words = phrase.split()
    assert pieces.pieces(words) == [of_training.tokenize(word) for word in words]
