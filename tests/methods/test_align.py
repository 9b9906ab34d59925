"""ALIGN: the loss of CLIP with smoothed targets and a temperature that divides, and its filter."""

import keras
import numpy as np
import pytest

from mmssl.encoders import bert_encoder, small_conv_encoder
from mmssl.methods.align import ALIGN
from mmssl.methods.clip import CLIP
from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.pairs import FilteredPairs
from mmssl.pipelines.text import Captions
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.methods.test_clip import TINY_PAIRS, batch_of
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close

CASE = Case(
    "pairs/align",
    TINY_PAIRS,
    # Cosines of vectors that know nothing of each other, not scaled: the logarithm of the pairs.
    initial_loss=(np.log(8), 0.5),
    # Of targets that are smoothed there is a floor.
    overfit=0.8,
)


def towers():
    text = {"width": 16, "depth": 1, "num_heads": 2, "mlp_dim": 16, "dropout": 0.0}
    return {
        "image": small_conv_encoder(8, (8,), (2,), norm="layer"),
        "text": bert_encoder(30, 12, pool="token", **text),
    }


def method_of(kind=ALIGN, **options):
    keras.utils.set_random_seed(0)
    return kind(towers(), projection=6, **options)


def test_without_smoothing_it_is_the_loss_of_clip_at_the_same_scale():
    one = method_of(temperature=0.07, label_smoothing=0.0)
    other = method_of(CLIP, temperature=0.07)
    assert_close(loss_of(one, batch_of(), False), float(loss_of(other, batch_of(), False)), SUM)
    assert_close(one.similarity()["scale"], other.similarity()["scale"], ROUNDING)


def test_the_temperature_begins_at_one_and_stays_above_its_bound():
    method = method_of()
    assert float(method.temperature.numpy()) == 1.0
    optimizer = keras.optimizers.SGD(1e3)
    optimizer.build([method.temperature])
    optimizer.apply_gradients([(keras.ops.convert_to_tensor(1.0), method.temperature)])
    assert_close(method.temperature.numpy(), 0.01, ROUNDING)


def test_padding_does_not_change_what_the_text_tower_sees():
    method, batch = method_of(), batch_of()
    text = {name: batch[f"text_{name}"] for name in ("token_ids", "padding_mask")}
    before = method.project("text", text)
    shorter = {name: x[:, :7] for name, x in text.items()}
    assert_close(method.project("text", shorter), before, NETWORK)


TEXTS = ["a red one", "a red one", "too short", "one of four words", " ".join(["many"] * 9)]


def filtered(sizes=((8, 8),) * 5, **options):
    pictures = [np.full((*size, 3), 99, np.uint8) for size in sizes]
    sides = {"image": ImageCrops(size=4), "text": Captions(length=12, vocabulary_size=60)}
    source = {"image": pictures, "text": TEXTS}
    least = {"words": (3, 8), "repeats": 2, "pixels": 4}
    return FilteredPairs(source, sides, 1, **{**least, **options}).prepare()


def test_texts_that_are_too_short_too_long_or_too_common_are_left_out_and_counted():
    pairs = filtered()
    assert pairs.items.names == ["pair 0", "pair 1", "pair 3"]
    assert dict(pairs.left_out) == {"it has not 3 to 8 words": 2}
    assert dict(pairs.skipped)["pair 2"] == "its text is left out: it has not 3 to 8 words"
    assert filtered(repeats=1).items.names == ["pair 3"]


def test_pictures_that_are_too_small_or_too_long_are_left_out():
    pairs = filtered(sizes=((8, 8), (3, 8), (8, 8), (4, 13), (8, 8)))
    assert pairs.items.names == ["pair 0"]
    assert sorted(pairs.left_out.values()) == [1, 1, 2]


def test_what_is_left_is_what_is_shown():
    pairs = filtered()
    batches = list(pairs.batches().take(9).as_numpy_iterator())
    texts = {pairs.sides["text"].items.names[batch["text_group"][0]] for batch in batches}
    assert texts == {"text 1: a red one", "text 3: one of four words"}


def test_held_out_pairs_are_not_filtered():
    pairs = filtered()
    held_out = pairs.on(pairs.paired({"image": [np.zeros((2, 2, 3), np.uint8)], "text": ["x y"]}))
    assert len(held_out.prepare_all().items) == 1
    assert not held_out.skipped


def test_what_is_out_of_range_is_refused():
    with pytest.raises(ValueError, match="label_smoothing"):
        method_of(label_smoothing=1.0)
    with pytest.raises(ValueError, match="repeats"):
        filtered(repeats=0)
    with pytest.raises(ValueError, match="words"):
        filtered(words=(5, 2))
