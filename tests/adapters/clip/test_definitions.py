"""What words mean, from a database in WordNet's own format."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from inspection.adapters.clip.definitions import Definitions
from inspection.adapters.clip.teacher import Lexicon, Teacher, teacher_folder, word_table
from inspection.domain.errors import ModelError
from tests.adapters.clip.pupils import WORDS, save_definitions, save_teacher


@pytest.fixture
def definitions(tmp_path: Path) -> Definitions:
    save_definitions(tmp_path)
    return Definitions.load(tmp_path)


def test_a_word_has_all_its_senses_with_their_synonyms(definitions: Definitions) -> None:
    assert definitions.of("nick") == ["nick, snick: a small cut", "nick, chip: cut a nick into"]
    assert definitions.of("unknown") == []


@pytest.mark.parametrize("form", ["nicks", "nicked", "nicking", "nick"])
def test_a_form_means_what_its_lemma_means(definitions: Definitions, form: str) -> None:
    assert definitions.of(form)[0] == "nick, snick: a small cut"


@pytest.mark.parametrize(("form", "lemma"), [("chipped", "chip"), ("chipping", "chip"), ("scored", "score"),
                                             ("torn", "tear"), ("cavities", "cavity")])  # fmt: skip
def test_forms_follow_the_rules_of_spelling(definitions: Definitions, form: str, lemma: str) -> None:
    assert definitions.of(form) == definitions.of(lemma) != []


@pytest.mark.parametrize("damage", ["gone", "cut off", "of something else"])
def test_a_database_that_cannot_be_read_is_told(tmp_path: Path, damage: str) -> None:
    save_definitions(tmp_path)
    data = tmp_path / "data.noun"
    match damage:
        case "gone":
            data.unlink()
        case "cut off":
            data.write_bytes(data.read_bytes()[:-60])
        case _:
            data.write_text("scratch\ndent\n", encoding="utf-8")
    said = r"data\.noun is not there: .* install 'wordnet-base'" if damage == "gone" else "no WordNet database"
    with pytest.raises(ModelError, match=said):
        Definitions.load(tmp_path)


def test_words_of_one_definition_have_one_place(tmp_path: Path) -> None:
    """What is not in the definition, such as the word's own letters, does not part them."""
    save_teacher(tmp_path / "teacher")
    teacher = Teacher.load(teacher_folder(tmp_path / "teacher"))
    same = ("scratch, dent: a mark",)
    known = Definitions({"scratch": same, "dent": same, "nut": ("nut: a thing with a thread",)}, {})
    table = dict(zip(WORDS, word_table(Lexicon(teacher, known), WORDS, 16), strict=True))
    assert torch.equal(table["scratch"], table["dent"])
    assert not torch.equal(table["scratch"], table["nut"])
    assert not torch.equal(table["good"], table["photo"]), "without a definition each is read as it stands"
