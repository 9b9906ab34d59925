"""VICRegL: VICReg of whole views and of matched places."""

import keras
import numpy as np
import pytest

from mmssl.encoders import small_conv_encoder, vit_encoder
from mmssl.losses import vicreg_terms
from mmssl.methods.vicregl import VICRegL, marked
from mmssl.pipelines.images import LocatedViews
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.sizes import TINY_VIEWS
from tests.tolerances import NETWORK, assert_close

CASE = Case(
    "vision/vicregl",
    (
        *TINY_VIEWS,
        "--method.projector=[8,8]",
        "--method.local_projector=[8,8]",
    ),
)
SIZE, ROWS, WEIGHTS = 8, 6, {"invariance": 25, "variance": 25, "covariance": 1}


def method_of(encoder=None, **kwargs):
    keras.utils.set_random_seed(0)
    encoder = encoder or small_conv_encoder(SIZE, (6,), (4,))
    method = VICRegL(encoder, (8, 8), (8, 4), **{"num_matches": (3, 2), **kwargs})
    # Untrained projections vary little: covariances would be lost beside the other terms.
    for head in filter(None, (method.projector, method.local_projector)):
        head.layers[-1].kernel.assign(4 * head.layers[-1].kernel)
    return method


def batch_of(small=0):
    rng = np.random.default_rng(0)
    batch = {}
    for view in range(1, 3 + small):
        size, places = (SIZE, 4) if view < 3 else (SIZE // 2, 1)
        batch[f"images_{view}"] = rng.random((ROWS, size, size, 3), "float32")
        batch[f"centers_{view}"] = rng.random((ROWS, places, 2), "float32")
    return batch


def vicreg(first, second):
    """VICReg with half the covariance, of (B, D)."""
    total = 25 * np.mean((first - second) ** 2)
    for x in (first, second):
        covariance = np.cov(x, rowvar=False)
        hinge = np.maximum(0, 1 - np.sqrt(np.diag(covariance) + 1e-4)).mean()
        squares = np.sum(covariance**2) - np.sum(np.diag(covariance) ** 2)
        total += (25 * hinge + squares / x.shape[1]) / 2
    return total


def local(first, second, positions, others, count):
    """One direction of one matching."""
    apart = np.sqrt(np.sum((positions[:, :, None] - others[:, None]) ** 2, axis=-1))
    kept = np.sort(np.argsort(apart.min(axis=2), axis=1)[:, :count], axis=1)
    nearest = np.take_along_axis(apart.argmin(axis=2), kept, axis=1)
    own = np.take_along_axis(first, kept[..., None], axis=1)
    matched = np.take_along_axis(second, nearest[..., None], axis=1)
    return np.mean([vicreg(own[:, slot], matched[:, slot]) for slot in range(count)])


def expected(method, batch, alpha):
    views = len(batch) // 2
    outputs = method(batch)
    whole, places = ([np.asarray(x, "float64") for x in outputs[k]] for k in ("whole", "places"))
    centers = [batch[f"centers_{view + 1}"].astype("float64") for view in range(views)]
    pairs = [(i, j) for i in range(2) for j in range(views) if i != j]
    total = 25 * np.mean([np.mean((whole[i] - whole[j]) ** 2) for i, j in pairs])
    total += np.mean([vicreg(x, x) for x in whole])
    found = []
    for i, j in pairs:
        for positions, counts in (
            (places, (places[i].shape[1], places[j].shape[1])),
            (centers, method.num_matches),
        ):
            forth = local(places[i], places[j], positions[i], positions[j], counts[0])
            back = local(places[j], places[i], positions[j], positions[i], counts[1])
            found.append((forth + back) / 2)
    return alpha * total + (1 - alpha) * sum(found) / len(pairs)


@pytest.mark.parametrize(("small", "matches"), [(0, (3, 2)), (0, (2, 2)), (1, (3, 1))])
def test_the_loss_is_the_formula_over_views_and_matched_places(small, matches):
    method, batch = method_of(num_matches=matches, alpha=0.7), batch_of(small)
    assert_close(loss_of(method, batch, False), expected(method, batch, 0.7), NETWORK)


def test_without_places_it_is_vicreg_with_half_the_covariance():
    method, batch = method_of(alpha=1.0), batch_of()
    assert method.local_projector is None
    terms = vicreg_terms(*method(batch)["whole"])
    total = sum(WEIGHTS[name] * np.asarray(value) for name, value in terms.items())
    total -= np.asarray(terms["covariance"]) / 2
    only = {name: x for name, x in batch.items() if name.startswith("images")}
    assert_close(loss_of(method, only, False), total, NETWORK)


def test_views_that_are_the_same_match_place_by_place():
    method, batch = method_of(num_matches=(4, 4)), batch_of()
    for name in ("images", "centers"):
        batch[f"{name}_2"] = batch[f"{name}_1"]
    loss_of(method, batch, False)
    found = {k: float(v) for k, v in method.get_metrics_result().items()}
    assert found["local_invariance"] == found["invariance"] == 0
    assert_close(found["match_cosine"], 1.0, NETWORK)


def test_patches_of_a_transformer_are_places_and_its_class_token_is_none():
    batch = batch_of()
    method = method_of(vit_encoder(SIZE, 4, 8, 1, 1, 8))
    assert method(batch)["places"][0].shape == (ROWS, 4, 4)
    assert np.isfinite(float(loss_of(method, batch)))


def test_the_picture_marks_what_is_matched():
    images = np.zeros((1, 4, 4, 3), "float32")
    colored = marked(images, np.array([[3, 0]]), 2)
    assert (colored[0, 2:, 2:, 0] == 0.5).all()
    assert_close(colored[0, :2, :2], np.broadcast_to([0.1, 0.5, 0.1], (2, 2, 3)), NETWORK)
    assert not colored[0, :2, 2:].any()
    pictures = list(np.random.default_rng(1).integers(0, 256, (3, 12, 12, 3)).astype("uint8"))
    data = LocatedViews(pictures, size=SIZE, batch_size=3, grid=2)
    [(title, _, picture)] = method_of().report_images(data)
    assert (title, picture.shape, picture.dtype) == ("Matched places", (16, 24, 3), np.uint8)


def test_what_does_not_fit_is_refused():
    for alpha in (0.0, 1.5):
        with pytest.raises(ValueError, match=f"alpha={alpha}"):
            method_of(alpha=alpha)
    batch = batch_of()
    wrong = {**batch, "centers_1": batch["centers_1"][:, :2]}
    with pytest.raises(ValueError, match=r"\[4, 4\] places, .* \[2, 4\]: set data.grid"):
        loss_of(method_of(), wrong)
    with pytest.raises(ValueError, match="20 matches of 4 places"):
        loss_of(method_of(num_matches=(20, 4)), batch)
