"""What a model makes of sentences: cut, torn, not known, or read like another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.adapters.clip.encoder import ClipEncoder
from inspection.adapters.clip.exam import NORMAL, PLAIN
from inspection.domain.ports import Reading
from inspection.scoring.phrasing_model import likeness_advice, reading_advice
from inspection.synthesis.grammar import article
from inspection.synthesis.vocabulary import NORMAL_ADJECTIVES, NORMAL_CLAUSES, NOUNS


@pytest.fixture(scope="module")
def encoder() -> ClipEncoder:
    return ClipEncoder.load("bundled")


def test_what_is_cut_is_quoted():
    (advice,) = reading_advice(Reading((("nut", 1),), "near the edge"))
    assert advice == 'the model reads no further than before "near the edge"; write it shorter'


@pytest.mark.parametrize(
    ("word", "pieces", "is_told"),
    [
        ("fibres", 2, False), ("electropolished", 3, False), ("scratch", 1, False), ("on", 2, False),
        ("worm", 3, True), ("cog", 2, True), ("delamination", 4, True), ("microcrack", 3, True),
    ],
)  # fmt: skip
def test_a_word_in_pieces_that_say_nothing_is_told(word, pieces, is_told):
    advice = reading_advice(Reading((("hole", 1), (word, pieces), ("nut", 1)), ""))
    assert [f'"{word}" is torn into {pieces} pieces' in each for each in advice] == [True] * is_told


def test_a_word_that_is_not_known_is_told_once():
    advice = reading_advice(
        Reading((("nut", 1), ("螺母表", 0), ("with", 1), ("螺母表", 0), ("edge", 1), ("rust", 1)), "")
    )
    assert advice == ['"螺母表" is not a word to the model; write it in English letters, or another word for it']


FOREIGN = [
    "ein Riss in der Oberfläche einer Mutter", "eine zerkratzte Sechskantmutter", "une tache d'huile sur le bord",
    "un arañazo en la superficie de la tuerca", "un graffio sulla superficie del dado", "somun yüzeyinde çizik",
    "rysa na powierzchni nakrętki", "царапина на поверхности гайки",
]  # fmt: skip


@pytest.mark.parametrize("phrase", FOREIGN)
def test_another_language_is_told_as_such(encoder, phrase):
    advice = reading_advice(encoder.read_phrases([phrase])[0])
    assert len(advice) == 1
    assert advice[0].startswith("the model does not know most of its words (")


def test_chinese_is_told(encoder):
    assert reading_advice(encoder.read_phrases(["螺母表面有划痕"])[0])


def test_words_beyond_the_context_are_cut(encoder):
    phrase = "a hex nut with a " + "very " * 40 + "deep scratch"
    (reading,) = encoder.read_phrases([phrase])
    assert phrase.endswith(reading.cut)
    assert len(phrase.removesuffix(reading.cut).split()) == 30  # of 32, for a beginning and an end
    short, long = encoder.embed_texts([phrase.removesuffix(reading.cut), phrase])
    assert short @ long > 0.99999


def unit(*vectors):
    values = np.array(vectors, np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def test_what_phrasings_share_with_a_good_part_is_taken_away():
    """In this plane all point nearly one way; what they add to the good part does not."""
    normal = unit([100, 0, 0], [100, 1, 0])
    defects = unit([100, 0, 9], [100, 0.5, 9], [100, 0, -9])
    told = likeness_advice(normal, defects, ["scratch", "dent", "stain"], ["a", "b", "c"])
    assert 'it is read like "b" of dent (cosine 1.00 ' in str(told[0])
    assert 'it is read like "a" of scratch' in str(told[1])
    assert told[2] is None
    assert likeness_advice(normal, defects, ["scratch", "scratch", "stain"], ["a", "b", "c"]) == [None] * 3


def test_a_phrasing_among_the_normal_ones_is_told():
    normal = unit([10, 1, 0], [10, -1, 0])
    (told,) = likeness_advice(normal, unit([10, 0.9, 0]), ["scratch"], ["a"])
    assert (
        "it is read like a good part (cosine 1.00 with the normal phrasings; from 0.992 on it is one of them)"
        in str(told)
    )
    assert likeness_advice(normal[:1], unit([10, 4, 0]), ["scratch"], ["a"]) == [None]


@given(st.integers(1, 4), st.integers(0, 9), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_each_phrasing_has_its_answer_in_any_order(normal, defects, kinds, seed):
    rng = np.random.default_rng(seed)
    vectors = unit(*rng.normal(size=(normal + defects, 4))) if defects else unit(*rng.normal(size=(normal, 4)))
    names, texts = [f"d{rng.integers(kinds)}" for _ in range(defects)], [f"text {index}" for index in range(defects)]
    told = likeness_advice(vectors[:normal], vectors[normal:], names, texts)
    assert len(told) == defects
    order = rng.permutation(defects)
    turned = likeness_advice(
        vectors[:normal], vectors[normal:][order], [names[i] for i in order], [texts[i] for i in order]
    )
    assert [told[i] is None for i in order] == [each is None for each in turned]


def test_the_bounds_part_what_says_the_same_from_what_does_not(encoder, measured):
    """The phrasings of the exam: sixteen parts, eleven defects in three phrasings, and what else says that a part is
    good."""
    kinds = [kind for kind, phrasings in PLAIN.items() for _ in phrasings]
    alone = [f"{kind} {index}" for index, kind in enumerate(kinds)]
    false = same = found = good = 0
    cosines: dict[tuple[bool, bool], list[np.ndarray]] = {
        (added, alike): [] for added in (False, True) for alike in (False, True)
    }
    is_same, upper = np.equal.outer(kinds, kinds), np.triu(np.ones((len(kinds), len(kinds)), bool), 1)
    for noun in NOUNS:
        texts = [phrasing.format(noun) for phrasings in PLAIN.values() for phrasing in phrasings]
        fine = [article(f"{word} {noun}") for word in NORMAL_ADJECTIVES] + [f"a {noun} {end}" for end in NORMAL_CLAUSES]
        vectors = encoder.embed_texts([*(phrasing.format(noun) for phrasing in NORMAL), *texts, *fine])
        normal, defects, others = np.split(vectors, [len(NORMAL), len(NORMAL) + len(texts)])
        centre = unit(normal.mean(axis=0))
        for added, each in ((False, defects), (True, unit(*(defects - centre)))):
            for alike in (False, True):
                cosines[added, alike].append((each @ each.T)[upper & (is_same == alike)])
        false += sum(each is not None for each in likeness_advice(normal, defects, kinds, texts))
        same += sum(each is not None for each in likeness_advice(normal, defects, alone, texts))
        found += sum(each is not None for each in likeness_advice(normal, others, ["good"] * len(fine), fine))
        good += len(fine)
    count = len(NOUNS) * len(kinds)
    for added, name in ((False, "cosine"), (True, "cosine of what they add")):
        same_kind, others = np.concatenate(cosines[added, True]), np.concatenate(cosines[added, False])
        low, middle = np.quantile(same_kind, [0.05, 0.5])
        measured(
            f"{name}: {len(others)} pairs of different defects at most {others.max():.3f}; {len(same_kind)} that say"
            f" the same {low:.3f} (5th percentile), {middle:.3f} (middle)"
        )
    measured(
        f"{count} phrasings of defects: {false} falsely told; {same} told where each has a description of its own; "
        f"{found} of {good} that say good told"
    )
    assert false == 0
    assert same > 0.9 * count
    assert found > 0.6 * good
