"""Corrupted rows: how many values are replaced, and by what."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from mmssl.pipelines.tables import CorruptedRows, LatentRows, MarginalViews, TargetRows
from tests.pipelines.elements import elements, same
from tests.tolerances import STANDARD_ERRORS, SUM, assert_close, assert_within

ROWS, NUMBERS = 200, 7


def distinct(rows=ROWS):
    """A table of which no value occurs twice in a column, but for two columns of words."""
    draw = np.random.default_rng(0)
    columns = {f"n{i}": draw.normal(size=rows) for i in range(NUMBERS)}
    words = {"word": np.array(["a", "b", "c", ""])[draw.integers(0, 4, rows)]}
    columns["n0"][::5] = np.nan
    return columns | words | {"split": np.where(np.arange(rows) % 4 == 3, "test", "train")}


def coded(batch, view):
    """The columns of a view, NaN for gaps of numbers."""
    numbers = np.where(batch[f"present_{view}"] == 1, batch[f"numbers_{view}"], np.nan)
    return np.concatenate([numbers, batch[f"categories_{view}"]], axis=1)


@pytest.fixture(scope="module")
def views():
    return MarginalViews(distinct(), batch_size=50).prepare()


def test_exactly_as_many_columns_of_a_row_are_drawn_anew(views):
    batch = elements(views)
    one, other = coded(batch, 1), coded(batch, 2)
    changed = ~((one == other) | (np.isnan(one) & np.isnan(other)))
    # Of 8 columns 4 are chosen; a number without gaps comes back with probability 1 in 150.
    count = int(0.6 * 8)
    assert changed.sum(axis=1).max() == count
    least = count * (1 - 1 / 150) - 2 * (0.2**2 + 0.25)
    assert changed.sum(axis=1).mean() > least - 0.2
    shares = changed[:, 1:NUMBERS].mean(axis=0)
    assert_within(shares, 0.5, STANDARD_ERRORS * 0.5 / np.sqrt(len(one)) + 1 / 150)


def test_every_value_comes_from_its_column_of_the_training_rows(views):
    batch, train = elements(views), views.examples(views.items, batch_size=1000)
    rows = next(train.as_numpy_iterator())
    known = coded({f"{name}_1": values for name, values in rows.items()}, 1)
    for column, values in zip(known.T, coded(batch, 2).T, strict=True):
        assert set(values[~np.isnan(values)]) <= set(column)


def test_the_marginal_is_the_empirical_one(views):
    rows = next(views.examples(views.items, batch_size=1000).as_numpy_iterator())
    batch = elements(MarginalViews(distinct(), batch_size=50, share=1.0).prepare(), batches=30)
    for column in range(1, NUMBERS):
        found = batch["numbers_2"][:, column]
        apart = ks_2samp(found, rows["numbers"][:, column]).statistic
        assert_within(apart, 0.0, STANDARD_ERRORS * 0.5 / np.sqrt(len(found)))
    gaps = 1 - batch["present_2"][:, 0].mean()
    expected = 1 - rows["present"][:, 0].mean()
    error = np.sqrt(expected * (1 - expected) / len(batch["present_2"]))
    assert_within(gaps, expected, STANDARD_ERRORS * error)
    # Columns are drawn by themselves: two of one row would stay together.
    pairs = {tuple(row) for row in rows["numbers"][:, 1:3]}
    together = sum(tuple(row) in pairs for row in batch["numbers_2"][:, 1:3])
    assert together < 0.1 * len(batch["numbers_2"])


def test_no_share_changes_nothing():
    batch = elements(MarginalViews(distinct(), batch_size=50, share=0.0).prepare())
    for name in ("numbers", "present", "categories"):
        np.testing.assert_array_equal(batch[f"{name}_1"], batch[f"{name}_2"])


def test_an_element_is_the_same_alone_and_in_a_batch(views):
    import tensorflow as tf

    batch = next(views.batches(start_step=2, seed=5).as_numpy_iterator())
    number = tf.constant(2 * 50 + 7, tf.int64)
    seed = tf.constant(5, tf.int64)
    alone = views.example(views.item_index(number, seed), tf.stack([seed, number]))
    assert same({k: v.numpy() for k, v in alone.items()}, {k: v[7] for k, v in batch.items()})


def test_targets_are_numbers_gaps_and_a_one_for_each_category():
    data = TargetRows(distinct(), batch_size=50).prepare()
    batch = elements(data)
    assert data.target_shape() == (NUMBERS * 2 + 5,)
    expected = np.concatenate(
        [batch["numbers"], 1.0 - batch["present"], np.eye(5)[batch["categories"][:, 0]]], axis=1
    )
    np.testing.assert_array_equal(batch["target"], expected)


@pytest.mark.parametrize("corruption", ["marginals", "masking"])
def test_the_values_of_chosen_columns_are_told_and_the_target_is_clean(corruption):
    data = CorruptedRows(distinct(), batch_size=50, corruption=corruption, share=0.5).prepare()
    batch, plain = elements(data), elements(TargetRows(distinct(), batch_size=50).prepare())
    np.testing.assert_array_equal(batch["target"], plain["target"])
    chosen = batch["corrupted"][:, : 2 * NUMBERS].reshape(-1, 2, NUMBERS)
    words = batch["corrupted"][:, 2 * NUMBERS :]
    np.testing.assert_array_equal(chosen[:, 0], chosen[:, 1])  # the number, and its gap
    assert (words == words[:, :1]).all()
    assert (chosen[:, 0].sum(axis=1) + words[:, 0] == 4).all()
    kept = chosen[:, 0] == 0
    np.testing.assert_array_equal(batch["numbers"][kept], plain["numbers"][kept])
    if corruption == "masking":
        assert (batch["present"][~kept] == 0).all()
        assert (batch["categories"][words[:, 0] == 1] == 0).all()


def test_fixed_elements_are_the_same_at_every_call():
    data = CorruptedRows(distinct(), batch_size=50).prepare()
    few = data.on(data.items.select(range(9)))
    one, two = (next(few.fixed_elements(few.source).as_numpy_iterator()) for _ in range(2))
    assert same(one, two)
    assert len(one["target"]) == 9


def test_latents_have_standard_normal_noise():
    noise = elements(LatentRows(distinct(), batch_size=50, latents=10).prepare(), 40)["noise"]
    error = 1 / np.sqrt(noise.size)
    assert_within(noise.mean(), 0.0, STANDARD_ERRORS * error)
    assert_within(noise.var(), 1.0, STANDARD_ERRORS * np.sqrt(2) * error)
    assert_within((noise**4).mean(), 3.0, STANDARD_ERRORS * np.sqrt(96) * error)
    assert LatentRows(latents=3).method_arguments()["latents"] == 3


def test_what_is_no_share_is_refused():
    with pytest.raises(ValueError, match=r"share=1.5"):
        MarginalViews(share=1.5)
    with pytest.raises(ValueError, match="corruption must be"):
        CorruptedRows(corruption="swap")
    with pytest.raises(ValueError, match="latents=0"):
        LatentRows(latents=0)


def test_the_share_of_the_paper_is_six_of_ten(views):
    assert views.share == 0.6
    assert_close(int(views.share * len(views.schema.columns)), 4, SUM)
