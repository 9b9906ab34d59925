"""The byte-pair vocabulary: what is learned, what is kept, and that any text comes back."""

import sys

import numpy as np
import pytest
import tensorflow as tf
from tokenizers import pre_tokenizers

from mmssl.pipelines.text import BytePairs
from mmssl.pipelines.text.byte_pairs import SPECIAL_TOKENS, learn_byte_pairs

CORPUS = [
    "The river runs under the old stone bridge, and the old man rests there.\n" * 20,
    "Don't stop; it's the river's end.\n\nA stone, 1,234 stones.\n" * 20,
]
AWKWARD = (
    "  two blanks  and a tail  ",
    "tabs\t\tand\r\nlines\n\n\n",
    "I'll, they've, DON'T 's",
    "no\u00a0break \u3000wide\u2028line\u200bzero",
    "東京 हिन्दी ΣΊΣΥΦΟΣ naïve 🙂👩‍👩‍👧",
    "<|endoftext|> and <|padding|> are words here",
    "",
)


@pytest.fixture(scope="module")
def pairs():
    return learn_byte_pairs(CORPUS, 320)


def characters_of_all_kinds():
    codes = [c for c in range(0, sys.maxunicode + 1, 7) if not 0xD800 <= c < 0xE000]
    return ["".join(map(chr, codes[i : i + 64])) for i in range(0, len(codes), 64)]


def test_any_text_comes_back_as_it_was(pairs):
    texts = [*AWKWARD, *characters_of_all_kinds()]
    assert [pairs.decode(ids) for ids in pairs.ids(texts)] == texts


def test_special_pieces_come_first_and_are_no_part_of_a_text(pairs):
    assert sorted(pairs.vocabulary, key=pairs.vocabulary.get)[:2] == list(SPECIAL_TOKENS)
    (ids,) = pairs.ids(["<|endoftext|><|padding|>"])
    assert ids.min() > 1
    assert pairs.decode([1, *pairs.ids(["river"])[0], 1, 0, 0]) == "river"


def test_every_byte_has_a_piece_and_pairs_make_frequent_words_short(pairs):
    assert set(pre_tokenizers.ByteLevel.alphabet()) <= pairs.vocabulary.keys()
    assert 258 < len(pairs) == 258 + len(pairs.merges) <= 320
    assert [len(ids) for ids in pairs.ids([" river", " the", "ж"])] == [1, 1, 2]


def test_cut_characters_are_replaced_not_refused(pairs):
    assert pairs.decode(pairs.ids(["ж"])[0][:1]) == "\ufffd"


def test_the_same_corpus_gives_the_same_vocabulary(pairs):
    again = learn_byte_pairs(iter(CORPUS), 320)
    assert (again.vocabulary, again.merges) == (pairs.vocabulary, pairs.merges)


def test_a_small_corpus_gives_fewer_pieces():
    assert len(learn_byte_pairs(["ab ab"], 5000)) == 258 + 2  # "ab", " ab"


def test_a_vocabulary_without_room_for_the_bytes_is_refused():
    with pytest.raises(ValueError, match=r"vocabulary_size=257 .* must be 258 or more"):
        learn_byte_pairs(CORPUS, 257)


def test_the_layer_in_the_graph_gives_the_same_ids(pairs):
    # The Devanagari six is a mark of KerasHub's own, see BytePairs.layer.
    codes = [*range(1, 0x400), 0x96B, 0x96D, *range(0x1680, 0x1690), *range(0x2000, 0x2070), 0x3000]
    characters = map(chr, codes)
    texts = [*AWKWARD, *(f"un{c}der {c} {c}{c}the 1{c}2{c}" for c in characters)]
    layer = pairs.layer()
    graph = tf.function(lambda x: layer(x), input_signature=[tf.TensorSpec([None], tf.string)])
    found = graph(tf.constant(texts)).to_list()
    assert found == [ids.tolist() for ids in pairs.ids(texts)]


def test_the_files_are_kept_and_read_back(pairs, tmp_path):
    pairs.write(tmp_path / "run")
    assert sorted(file.name for file in (tmp_path / "run").iterdir()) == [
        "merges.txt",
        "vocabulary.json",
    ]
    again = BytePairs.read(tmp_path / "run")
    assert (again.vocabulary, again.merges) == (pairs.vocabulary, pairs.merges)
    for one, other in zip(again.ids(AWKWARD), pairs.ids(AWKWARD), strict=True):
        np.testing.assert_array_equal(one, other)


def test_missing_and_broken_files_are_named(pairs, tmp_path):
    with pytest.raises(ValueError, match=r"vocabulary\.json does not exist"):
        BytePairs.read(tmp_path)
    pairs.write(tmp_path)
    (tmp_path / "merges.txt").write_text("no such\n")
    with pytest.raises(ValueError, match=r"merges\.txt does not match"):
        BytePairs.read(tmp_path)
    (tmp_path / "vocabulary.json").write_text("[1]")
    with pytest.raises(ValueError, match=r"vocabulary\.json is not a vocabulary"):
        BytePairs.read(tmp_path)


def test_a_vocabulary_of_another_kind_is_refused(pairs):
    with pytest.raises(ValueError, match="must begin with"):
        BytePairs({"a": 0, "b": 1}, [])
    holed = {piece: i for piece, i in pairs.vocabulary.items() if i != 270}
    with pytest.raises(ValueError, match="its ids are not 0 to"):
        BytePairs(holed, [])


def test_a_long_text_has_the_ids_of_the_whole_and_a_long_word_is_cut(pairs):
    text = "The quick brown fox\n\n  jumps. " * 1500
    (ids,) = pairs.ids([text])
    np.testing.assert_array_equal(ids, pairs._tokenizer.encode(text).ids)
    words = ["ab" * 128, "ab" * 44]
    (ids,) = pairs.ids(["ab" * 300])
    np.testing.assert_array_equal(ids, np.concatenate(pairs.ids([words[0], words[0], words[1]])))
    assert pairs.ids(["", "a"])[0].size == 0
