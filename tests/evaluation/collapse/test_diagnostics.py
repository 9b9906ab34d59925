import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from mmssl.evaluation.collapse.diagnostics import (
    alignment,
    correlation,
    diagnose,
    embedding_std,
    lidar,
    mean_cosine,
    rankme,
    top_variance_ratio,
    uniformity,
)
from tests.tolerances import (
    NETWORK,
    SUM,
    TRAINING,
    assert_close,
    assert_within,
    deviation_margin,
    mean_margin,
)

# Rows are made unit vectors with 1e-12 under the root of their squared length.
EPSILON = 1e-10


@pytest.fixture
def gaussian():
    return np.random.default_rng(0).normal(size=(1000, 32))


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (np.eye(4), 4.000001),
        (np.ones((4, 4)), 1.000005),
        (np.diag([2.0, 1.0, 1.0]), 2.828427),
        (np.diag([3.0, 1.0]), 1.754765),
    ],
)
def test_rankme_has_its_closed_form_values(matrix, expected):
    assert_close(rankme(matrix), expected, SUM)


def test_rankme_of_gaussian_noise_is_nearly_its_width(gaussian):
    assert rankme(gaussian) == pytest.approx(31.9, abs=0.1)


def test_rankme_is_unchanged_by_scaling_and_rotation(gaussian):
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(32, 32)))
    assert_close(rankme(7 * gaussian @ rotation), rankme(gaussian), SUM, dtype="float64")


def spread_items(width, noise=0.0):
    """Views (2 * width, 2, width): an item at each end of each axis; noise along the first one."""
    items = np.concatenate([np.eye(width), -np.eye(width)])
    views = np.stack([items, items], axis=1)
    views[:, 0, 0] += noise
    views[:, 1, 0] -= noise
    return views


def test_lidar_of_items_spread_evenly_is_their_number_of_directions():
    p = 1 / 6 + 1e-7
    expected = np.exp(-6 * p * np.log(p))
    assert_close(lidar(spread_items(6)), expected, SUM, dtype="float64")


def test_lidar_does_not_count_a_direction_along_which_only_views_differ():
    views = spread_items(6, noise=100.0)
    assert lidar(views) == pytest.approx(5, abs=1e-2)
    assert lidar(np.concatenate([views, views], axis=2)) == pytest.approx(5, abs=1e-2)


def test_lidar_weighs_directions_by_how_far_items_lie_apart_beside_their_views():
    views = spread_items(2, noise=0.1)
    # Between items the variance is 1/2 along both; within them 0.01 along the first.
    ratios = np.array([0.5 / (0.01 + 0.02), 0.5 / 0.02])
    p = ratios / ratios.sum() + 1e-7
    expected = np.exp(-np.sum(p * np.log(p)))
    assert_close(lidar(views, delta=0.02), expected, SUM, dtype="float64")


@pytest.mark.parametrize("shape", [(40, 3, 8), (5, 2, 30)])
def test_lidar_is_that_of_the_matrices_of_the_paper(shape):
    views = np.random.default_rng(1).normal(size=shape) + 3
    means, width = views.mean(axis=1), shape[2]
    between = np.cov(means.T, bias=True)
    within = np.mean([np.outer(v, v) for v in (views - means[:, None]).reshape(-1, width)], axis=0)
    values, axes = np.linalg.eigh(within + 1e-4 * np.eye(width))
    root = axes @ np.diag(values**-0.5) @ axes.T
    found = np.abs(np.linalg.eigvalsh(root @ between @ root))
    p = found / found.sum() + 1e-7
    # The matrices have D eigenvalues, of which those beyond the number of items are zero.
    p = np.sort(p)[::-1][: min(shape[0], width)]
    expected = np.exp(-np.sum(p * np.log(p)))
    assert_close(lidar(views), expected, TRAINING, dtype="float64")


def test_lidar_of_items_that_are_all_alike_is_one():
    assert_close(lidar(np.ones((8, 2, 4))), np.exp(-4 * 1e-7 * np.log(1e-7)), SUM, dtype="float64")


@pytest.mark.parametrize(
    ("shape", "delta"), [((4, 1, 3), 1e-4), ((1, 2, 3), 1e-4), ((4, 3), 1e-4), ((4, 2, 3), 0.0)]
)
def test_lidar_refuses_what_has_no_views_or_no_items(shape, delta):
    with pytest.raises(ValueError, match="lidar takes views"):
        lidar(np.ones(shape), delta)


def test_rankme_is_not_centered():
    far = np.eye(4) + 100
    assert rankme(far) < 1.2


@pytest.mark.parametrize("width", [2, 32, 256])
def test_embedding_std_of_an_even_spread_is_one_over_root_width(width):
    spread = np.random.default_rng(0).normal(size=(2000, width))
    margin = deviation_margin(len(spread))
    assert embedding_std(spread) == pytest.approx(1 / np.sqrt(width), rel=margin)
    assert diagnose(spread)["embedding_std_ratio"] == pytest.approx(1, rel=margin)


def test_embedding_std_of_equal_rows_is_zero():
    assert_close(embedding_std(np.tile([3.0, 4.0], (5, 1))), 0, SUM, scale=1, dtype="float64")


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (np.ones((6, 3)), 0.0),
        (np.array([[1.0, 0.0], [-1.0, 0.0]]), -8.0),
        (np.eye(5), -4.0),
    ],
)
def test_uniformity_has_its_closed_form_values(points, expected):
    assert_within(uniformity(points), expected, EPSILON)


@pytest.mark.parametrize(("width", "expected"), [(2, -1.5750), (16, -3.5130), (64, -3.8752)])
def test_uniformity_of_an_even_spread_is_the_integral(width, expected):
    spread = np.random.default_rng(0).normal(size=(2000, width))
    assert uniformity(spread) == pytest.approx(expected, abs=0.02)


def test_uniformity_leaves_out_pairs_of_a_row_with_itself_across_chunks():
    spread = np.random.default_rng(0).normal(size=(1100, 3))
    unit = spread / np.linalg.norm(spread, axis=1, keepdims=True)
    squares = ((unit[:, None] - unit[None]) ** 2).sum(axis=-1)
    pairs = np.exp(-2 * squares[np.triu_indices(len(unit), 1)])
    assert_within(uniformity(spread), np.log(pairs.mean()), EPSILON)


@pytest.mark.parametrize(
    ("other", "expected"), [([2.0, 0.0], 0.0), ([0.0, 5.0], 2.0), ([-1.0, 0.0], 4.0)]
)
def test_alignment_is_zero_two_and_four_for_equal_orthogonal_and_opposite(other, expected):
    first = np.tile([1.0, 0.0], (3, 1))
    assert_within(alignment(first, np.tile(other, (3, 1))), expected, EPSILON)


def test_alignment_of_different_shapes_is_refused():
    with pytest.raises(ValueError, match="row by row"):
        alignment(np.eye(3), np.eye(4))


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([[2, 0], [0, 1], [-1, 0], [0, -3]], 0.5),
        ([[1, 0], [-1, 0], [2, 0]], 1.0),
        ([[1, 0, 0], [-1, 0, 0], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]], 2 / 3),
        ([[3, 4], [3, 4]], 1.0),
    ],
)
def test_top_variance_ratio_has_its_closed_form_values(points, expected):
    assert_within(top_variance_ratio(points), expected, EPSILON)


def test_top_variance_ratio_of_an_even_spread_is_one_over_the_width(gaussian):
    assert 1 / 32 < top_variance_ratio(gaussian) < 1.5 / 32


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([[1, 1], [-1, 1], [1, -1], [-1, -1]], 0.0),
        ([[1, -3], [2, -6], [4, -12]], 1.0),
        ([[1, 1, 0], [2, 2, 1], [3, 3, 0]], 1 / 3),
        ([[1, 1, 5], [-1, 1, 5], [1, -1, 5], [-1, -1, 5]], 0.0),
        ([[0.1, 7], [0.1, 8], [0.1, 9]], 1.0),
        ([[3, 4], [3, 4]], 1.0),
    ],
)
def test_correlation_has_its_closed_form_values(points, expected):
    assert_close(correlation(points), expected, SUM, scale=1, dtype="float64")


def test_correlation_is_that_of_numpy_across_chunks():
    draw = np.random.default_rng(0)
    wide = draw.normal(size=(40, 5)) @ draw.normal(size=(5, 1100)) + 3
    matrix = np.abs(np.corrcoef(wide, rowvar=False))
    expected = matrix[~np.eye(1100, dtype=bool)].mean()
    assert_close(correlation(wide), expected, SUM, dtype="float64")


def test_correlation_of_independent_dimensions_is_that_of_chance(gaussian):
    # Of 496 pairs, each distributed as the size of a Gaussian.
    margin = mean_margin(np.sqrt(np.pi / 2 - 1), 32 * 31 / 2)
    assert correlation(gaussian[:256]) == pytest.approx(np.sqrt(2 / (np.pi * 256)), rel=margin)


def test_mean_cosine_is_over_distinct_pairs():
    assert_within(mean_cosine(np.ones((5, 3))), 1, EPSILON)
    assert_within(mean_cosine(np.eye(5)), 0, EPSILON)
    assert_within(mean_cosine([[1, 0], [-1, 0]]), -1, EPSILON)


def test_embeddings_of_zeros_give_finite_figures():
    figures = diagnose(np.zeros((8, 4)))
    assert figures["embedding_std_ratio"] == 0
    assert_close(figures["rankme"], 1, NETWORK)
    assert figures["uniformity"] == 0


@pytest.mark.parametrize("wrong", [np.zeros((1, 4)), np.zeros(4), [[0, 1], [np.nan, 1]]])
def test_embeddings_that_are_no_finite_matrix_are_refused(wrong):
    with pytest.raises(ValueError, match="Collapse diagnostics take"):
        rankme(wrong)


def test_singular_values_take_one_thread(gaussian, monkeypatch):
    threads, svd = [], np.linalg.svd

    def watched(*arguments, **options):
        pools = threadpool_info()
        threads.extend(pool["num_threads"] for pool in pools if pool["user_api"] == "blas")
        return svd(*arguments, **options)

    monkeypatch.setattr(np.linalg, "svd", watched)
    with threadpool_limits(2, "blas"):
        diagnose(gaussian)
    assert set(threads) == {1}
