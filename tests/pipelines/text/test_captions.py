"""Captions: each text whole, with an end that the mask tells."""

import numpy as np
import pytest

from mmssl.pipelines.text import Captions
from tests.pipelines.elements import elements

WORDS = [*("one", "two", "three", "four", "five", "six"), *("seven", "eight", "nine", "ten")]
WORDS += ["eleven", "twelve"]
TEXTS = [" ".join(WORDS[: 1 + number % 12]) for number in range(24)]


@pytest.fixture(scope="module")
def captions():
    return Captions(TEXTS * 3, length=10, vocabulary_size=200, batch_size=8).prepare()


def text_of(captions, ids, mask):
    return captions.tokenizer.decode(ids[mask > 0][1:-1])


def test_an_element_is_a_text_between_its_start_and_its_end(captions):
    made, specials = elements(captions, batches=9), captions.tokenizer.specials
    for ids, mask in zip(made["token_ids"], made["padding_mask"], strict=True):
        count = mask.sum()
        np.testing.assert_array_equal(mask, np.arange(10) < count)
        assert (ids[0], ids[count - 1]) == (specials.cls, specials.sep)
        np.testing.assert_array_equal(ids[count:], specials.pad)
    texts = [text_of(captions, *pair) for pair in zip(*made.values(), strict=True)]
    assert set(texts) == {" ".join(WORDS[: 1 + number]) for number in range(8)}
    assert texts.count("one") == 2 * 3


def test_a_text_that_is_too_long_is_cut_and_keeps_its_end(captions):
    found = captions.encode([" ".join(WORDS)])
    ids, mask = found["token_ids"].numpy()[0], found["padding_mask"].numpy()[0]
    assert mask.sum() == 10
    assert ids[-1] == captions.tokenizer.specials.sep
    assert text_of(captions, ids, mask) == " ".join(WORDS[:8])


def test_a_trained_encoder_sees_what_an_element_has(captions):
    example = captions.example(np.int64(5), np.array([0, 0]))
    [seen] = captions.examples(captions.items.select([5]))
    for name, value in example.items():
        np.testing.assert_array_equal(value, seen[name][0])
    assert captions.encode(["one"])["token_ids"].shape == (1, 10)
