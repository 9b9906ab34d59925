"""BART's noises, each by itself: what they keep, what they remove, and how often."""

import numpy as np
import pytest
import tensorflow as tf

from mmssl.pipelines.text import NoisyPassages, noise

MASK = 999
TOKENS = tf.range(100, 140)
KEYS = [tf.constant([5, number], tf.int64) for number in range(40)]


def draws(function, *arguments):
    compiled = tf.function(lambda key: function(TOKENS, key, *arguments))
    return [compiled(key).numpy() for key in KEYS]


def test_masking_keeps_the_length_and_masks_the_exact_share():
    for found in draws(noise.mask_tokens, 0.3, MASK):
        kept = found != MASK
        assert len(found) == 40
        assert (~kept).sum() == 12
        np.testing.assert_array_equal(found[kept], TOKENS.numpy()[kept])


def test_deletion_shortens_by_the_exact_count_and_keeps_the_order():
    for found in draws(noise.delete_tokens, 0.25):
        assert len(found) == 30
        assert (np.diff(found) > 0).all()


def test_rotation_is_a_cyclic_shift_and_begins_anywhere():
    found = draws(noise.rotate)
    assert all((np.diff(text) % 40 == 1).all() for text in found)
    assert len({text[0] for text in found}) > 15


def test_permutation_moves_whole_sentences():
    starts = [0, 7, 12, 30]
    sentences = {tuple(s) for s in np.split(TOKENS.numpy(), starts[1:])}
    orders = set()
    for key in KEYS:
        found = noise.permute_sentences(TOKENS, tf.constant(starts, tf.int64), key).numpy()
        cuts = np.flatnonzero(np.diff(found) != 1) + 1
        parts = np.split(found, cuts)
        assert set(np.concatenate(parts)) == set(TOKENS.numpy())
        # Sentences that come to lie in their old order look like one.
        assert all(part[0] in {s[0] for s in sentences} for part in parts)
        orders.add(tuple(found))
    assert len(orders) > 12  # of 24


def test_infilling_removes_the_budget_and_leaves_one_mask_a_span():
    sizes = []
    for found in draws(noise.infill, 0.3, 3.0, MASK):
        kept = found[found != MASK]
        assert len(kept) == 40 - 12
        assert (np.diff(kept) > 0).all()
        sizes.append(len(found) - len(kept))
        assert 1 <= sizes[-1] <= 12
    assert 3 < np.mean(sizes) < 6  # 12 tokens in spans of 3, some of them empty, the last one cut


def test_spans_lie_anywhere_also_at_both_ends_and_side_by_side():
    found = draws(noise.infill, 0.5, 2.0, MASK)
    assert any(text[0] == MASK for text in found)
    assert any(text[-1] == MASK for text in found)
    assert any((text[1:][text[:-1] == MASK] == MASK).any() for text in found)


def test_spans_of_length_zero_insert_masks():
    for found in draws(noise.infill, 0.3, 1e-9, MASK):
        np.testing.assert_array_equal(found[found != MASK], TOKENS)
        assert (found == MASK).sum() == 12


def test_lengths_follow_the_poisson_distribution():
    lengths = noise._poisson(tf.constant(100_000), KEYS[0], 3.0).numpy()
    assert lengths.mean() == pytest.approx(3.0, abs=0.03)
    assert lengths.var() == pytest.approx(3.0, abs=0.06)


def test_a_share_of_the_masks_becomes_random_tokens():
    masks = tf.fill([20_000], MASK)
    found = noise.replace_masks(masks, KEYS[0], 0.1, 50, MASK).numpy()
    random = found[found != MASK]
    assert len(random) == pytest.approx(2000, abs=200)
    assert set(random) == set(range(50))


def test_texts_without_tokens_stay_empty():
    empty = tf.zeros([0], tf.int32)
    for function, arguments in (
        (noise.mask_tokens, (0.5, MASK)),
        (noise.delete_tokens, (0.5,)),
        (noise.rotate, ()),
        (noise.infill, (0.5, 3.0, MASK)),
    ):
        assert function(empty, KEYS[0], *arguments).numpy().size == 0


TEXT = "One fish swims. Two birds fly far away! Three cats sleep all day? Four dogs bark. " * 20


def test_without_noise_the_encoder_reads_what_the_decoder_writes():
    data = NoisyPassages(
        [TEXT],
        length=24,
        vocabulary_size=200,
        batch_size=4,
        permute_sentences=0.0,
        infill_ratio=0.0,
    )
    batch = next(iter(data.batches()))
    np.testing.assert_array_equal(batch["token_ids"], batch["target_ids"])
    np.testing.assert_array_equal(batch["padding_mask"], batch["target_mask"])


def test_noise_never_touches_the_target_nor_the_ends():
    options = {"length": 24, "vocabulary_size": 200, "batch_size": 8}
    plain = NoisyPassages([TEXT], permute_sentences=0.0, infill_ratio=0.0, **options)
    noisy = NoisyPassages([TEXT], rotate=1.0, mask_ratio=0.1, delete_ratio=0.1, **options)
    specials = noisy.prepare().tokenizer.specials
    for before, after in zip(plain.batches().take(3), noisy.batches().take(3), strict=True):
        np.testing.assert_array_equal(before["target_ids"], after["target_ids"])
        ids = after["token_ids"].numpy()
        lengths = after["padding_mask"].numpy().sum(axis=1)
        assert (ids[:, 0] == specials.cls).all()
        assert (ids[np.arange(8), lengths - 1] == specials.sep).all()
        assert (np.sum(ids == specials.mask, axis=1) > 0).all()


@pytest.mark.parametrize("wrong", [{"rotate": 1.5}, {"infill_ratio": -0.1}, {"span": 0.0}])
def test_wrong_arguments_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        NoisyPassages([TEXT], **wrong)
