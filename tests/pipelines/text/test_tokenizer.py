"""The vocabulary: what is learned, what is kept, and what text becomes."""

import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.text import Tokenizer
from mmssl.pipelines.text.tokenizer import MASK, SPECIAL_TOKENS, _count_words, learn_vocabulary

AWKWARD = (
    "Don't stop -- the café's naïve \u201cquotes\u201d cost 5€ (or $6)!",
    "snake_case x=y+1; #include <a.h> [MASK] [SEP] e-mail@host",
    "no\u00a0break\u3000wide\u2028line\u200bzero-width\u00adsoft",
    "東京 is a city; Straße ﬁne ÅNGSTRÖM ΣΊΣΥΦΟΣ हिन्दी",
)


def zipf_texts(words=1000, lines=300, seed=0):
    """Lines of invented words, a few of them frequent."""
    rng = np.random.default_rng(seed)
    syllables = ["ba", "ker", "in", "to", "sel", "um", "ra", "vi", "no", "the"]
    known = ["".join(rng.choice(syllables, rng.integers(1, 5))) for _ in range(words)]
    ranks = np.minimum(rng.zipf(1.3, (lines, 25)), words) - 1
    return [" ".join(known[i] for i in line) + "." for line in ranks]


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer(learn_vocabulary(zipf_texts(), 300))


def test_the_specials_come_first(tokenizer):
    assert tuple(tokenizer.vocabulary[:5]) == ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    assert SPECIAL_TOKENS.index("[MASK]") == MASK == 4


def test_the_same_corpus_gives_the_same_vocabulary_in_any_order(tokenizer):
    backwards = zipf_texts()[::-1]
    assert learn_vocabulary(backwards, 300) == tokenizer.vocabulary


@pytest.mark.parametrize(("size", "lowercase"), [(60, True), (200, False), (5000, True)])
def test_the_short_way_learns_what_keras_hub_learns_from_the_texts(size, lowercase):
    texts = zipf_texts(seed=1)
    plain = keras_hub.tokenizers.compute_word_piece_vocabulary(
        tf.data.Dataset.from_tensor_slices(texts),
        size,
        lowercase=lowercase,
        strip_accents=lowercase,
        reserved_tokens=list(SPECIAL_TOKENS),
    )
    learned = learn_vocabulary(texts, size, lowercase)
    # KerasHub cuts a list that came out too long at its end, where the single letters stand.
    assert set(learned) == set(plain) or len(plain) == size


@pytest.mark.parametrize("lowercase", [True, False])
def test_words_are_parted_as_keras_hub_parts_them(lowercase):
    words = _count_words(AWKWARD, lowercase)
    tokenizer = Tokenizer([*SPECIAL_TOKENS, *words], lowercase)
    for text in AWKWARD:
        ids = tokenizer([text]).to_list()[0]
        pieces = [tokenizer.vocabulary[i] for i in ids]
        assert sorted(pieces) == sorted(
            word for word, n in _count_words([text], lowercase).items() for _ in range(n)
        )


def test_no_word_of_known_characters_is_unknown(tokenizer):
    ids = tokenizer(["kerumtosel vvvvbn ttt", "bakerthenovi"]).flat_values
    assert 1 not in ids
    assert 1 in tokenizer(["ж"]).flat_values


@pytest.mark.parametrize("blank", ["\0", "\x01", "\x7f", "\x85", "\u200b", "\u2028", "\ufeff"])
def test_control_and_zero_width_characters_are_blanks(tokenizer, blank):
    parted = tokenizer([f"ba{blank}ker{blank}{blank}in the"])
    assert parted.to_list() == tokenizer(["ba ker in the"]).to_list()


@pytest.mark.parametrize(("letter", "longest"), [("x", 50), ("é", 50), ("ж", 50), ("ก", 25)])
def test_only_longer_words_are_cut_and_every_part_is_known(letter, longest):
    tokenizer = Tokenizer([*SPECIAL_TOKENS, letter, f"##{letter}", "."], lowercase=False)
    for size in (longest - 1, longest):
        for text in (letter * size, f"{letter * size}.{letter * size}"):
            pieces = [tokenizer.vocabulary[i] for i in tokenizer([text]).flat_values]
            assert pieces.count(letter) == text.count(".") + 1
    pieces = [tokenizer.vocabulary[i] for i in tokenizer([letter * 3 * longest]).flat_values]
    assert pieces.count(letter) == 3
    assert len(pieces) == 3 * longest


def test_words_are_counted_as_the_tokenizer_cuts_them():
    counts = _count_words(["x" * 120 + " " + "ก" * 60 + " river"], True)
    assert counts == {"x" * 50: 2, "x" * 20: 1, "ก" * 25: 2, "ก" * 10: 1, "river": 1}


def test_a_vocabulary_is_learned_from_no_more_long_words_than_time_allows():
    letters = np.random.default_rng(0).integers(97, 123, 200_000).astype(np.uint8)
    counts = _count_words([letters.tobytes().decode(), "river stone " * 9], True)
    assert 500 < len(counts) < 2000
    assert counts["river"] == counts["stone"] == 9


def test_a_vocabulary_smaller_than_its_characters_is_refused():
    with pytest.raises(ValueError, match=r"vocabulary_size=20 .* must be 39 or more"):
        learn_vocabulary(["abcdefghijklmnopq"] * 20, 20)


def test_texts_without_words_are_refused():
    with pytest.raises(ValueError, match="have no words"):
        learn_vocabulary(["  \n", ""], 100)


def test_text_comes_back_lower_case_with_words_parted_by_blanks(tokenizer):
    ids = tokenizer(["Baker  INTO the sélum."]).to_list()[0]
    assert tokenizer.decode(ids) == "baker into the selum ."


def test_case_and_accents_stay_when_asked():
    texts = ["Ein Käse. Über alles"] * 20
    tokenizer = Tokenizer(learn_vocabulary(texts, 200, lowercase=False), lowercase=False)
    assert tokenizer.decode(tokenizer(["Über Käse"]).to_list()[0]) == "Über Käse"


def test_special_names_in_a_text_are_ordinary_characters(tokenizer):
    ids = tokenizer(["[MASK] [SEP] [CLS] [PAD] ba"]).flat_values.numpy()
    assert not np.isin(ids, [0, 2, 3, 4]).any()


def test_a_prompt_knows_the_mask_and_no_other_special(tokenizer):
    ids = tokenizer.prompt(["ba [MASK] ker [SEP]", "in the[MASK]."])
    assert [row.count(MASK) for row in ids.to_list()] == [1, 1]
    assert not np.isin(ids.flat_values, [0, 2, 3]).any()
    plain = tokenizer(["ba ker [SEP]"]).to_list()[0]
    assert [i for i in ids.to_list()[0] if i != MASK] == plain


def test_it_works_inside_a_graph(tokenizer):
    texts = tf.data.Dataset.from_tensor_slices(["ba ker", "in", ""]).batch(3)
    inside = next(iter(texts.map(tokenizer)))
    assert inside.to_list() == tokenizer(["ba ker", "in", ""]).to_list()
    assert inside.dtype == tf.int32


def test_pieces_inside_a_word_are_known(tokenizer):
    continues = tokenizer.continues()
    assert continues.shape == (len(tokenizer),)
    for piece, inside in zip(tokenizer.vocabulary, continues, strict=True):
        assert inside == (piece[:2] == "##")


def test_a_vocabulary_is_kept_and_read_back(tokenizer, tmp_path):
    tokenizer.write(tmp_path / "run")
    again = Tokenizer.read(tmp_path / "run")
    assert again.vocabulary == tokenizer.vocabulary
    assert [f.name for f in (tmp_path / "run").iterdir()] == ["vocabulary.txt"]


def test_pieces_with_odd_characters_survive_the_file(tmp_path):
    odd = Tokenizer([*SPECIAL_TOKENS, "a\u2028b", "\u00a0", "##\x85", "\r"])
    odd.write(tmp_path)
    assert Tokenizer.read(tmp_path).vocabulary == odd.vocabulary


def test_a_missing_vocabulary_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"vocabulary\.txt does not exist"):
        Tokenizer.read(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"the\nof\n", "must begin with"),
        ("\n".join([*SPECIAL_TOKENS, "the", "the"]).encode(), "has 'the' more than once"),
        (b"\xff\xfe", "is not a vocabulary"),
    ],
)
def test_a_file_that_is_no_vocabulary_is_refused(tmp_path, content, reason):
    (tmp_path / "vocabulary.txt").write_bytes(content)
    with pytest.raises(ValueError, match=reason):
        Tokenizer.read(tmp_path)
