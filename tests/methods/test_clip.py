"""CLIP: two towers, a learned temperature, and what they are good for."""

import keras
import numpy as np
import pytest

from mmssl.encoders import gpt_encoder, small_conv_encoder
from mmssl.evaluation.probes.features import Embedder
from mmssl.methods.bases.retrieval import chance, class_vectors, ranks_of
from mmssl.methods.clip import CLIP
from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.pairs import Pairs
from mmssl.pipelines.text import Captions
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close, multiples

TINY_PAIRS = (
    "--data.batch_size=8",
    "--data.limit=40",
    "--data.sides.image.size=16",
    "--data.sides.text.length=16",
    "--data.sides.text.vocabulary_size=100",
    "--method.projection=8",
    "--method.towers.image.channels=[8]",
    "--method.towers.image.strides=[4]",
    "--method.towers.text.width=16",
    "--method.towers.text.depth=1",
    "--method.towers.text.num_heads=2",
    "--method.towers.text.mlp_dim=16",
)
CASE = Case(
    "pairs/clip",
    TINY_PAIRS,
    # Of vectors that know nothing of each other: the logarithm of the pairs, and what their
    # scaled cosines vary by.
    initial_loss=(np.log(8), 2.0),
    overfit=0.8,
)
CASES = {"siglip": Case("pairs/siglip", TINY_PAIRS, overfit=0.8)}


def method_of(**options):
    keras.utils.set_random_seed(0)
    text = {"width": 16, "depth": 1, "num_heads": 2, "mlp_dim": 16, "dropout": 0.0}
    towers = {
        "image": small_conv_encoder(8, (8,), (2,), norm="layer"),
        "text": gpt_encoder(60, 12, pool="end", **text),
    }
    return CLIP(towers, projection=6, **options)


def batch_of(rows=4):
    draw = np.random.default_rng(0)
    return {
        "image_images": draw.random((rows, 8, 8, 3), "float32"),
        "image_group": np.arange(rows, dtype="int32"),
        "text_token_ids": draw.integers(5, 30, (rows, 12)).astype("int32"),
        "text_padding_mask": (np.arange(12) < 7).astype("int32") * np.ones((rows, 1), "int32"),
        "text_group": np.arange(rows, dtype="int32"),
    }


@pytest.fixture(scope="module")
def data():
    """Twenty-four pairs, spread over colors and shapes."""
    sides = {"image": ImageCrops(size=8), "text": Captions(length=12, vocabulary_size=60)}
    pairs = Pairs("builtin:shapes", sides, batch_size=4, prompts=("a {}", "{}"))
    chosen = pairs.paired("builtin:shapes").select(range(0, 2160, 90))
    return pairs.on(chosen).prepare()


def test_text_after_the_end_token_does_not_matter_and_the_end_need_not_have_the_highest_id():
    method, batch = method_of(), batch_of()
    text = {name: batch[f"text_{name}"] for name in ("token_ids", "padding_mask")}
    before = method.project("text", text)
    other = {**text, "token_ids": np.where(text["padding_mask"] > 0, text["token_ids"], 29)}
    assert_close(method.project("text", other), before, ROUNDING)
    changed = {**text, "token_ids": np.where(np.arange(12) == 6, 3, text["token_ids"])}
    assert multiples(method.project("text", changed), before) > NETWORK


def test_the_temperature_begins_where_the_papers_do_and_has_no_decay():
    assert_close(method_of().similarity()["scale"], 1 / 0.07, ROUNDING)
    found = method_of(objective="sigmoid").similarity()
    assert_close(found["scale"], 10, ROUNDING)
    assert found["bias"] == -10
    assert method_of().log_scale.shape == ()


@pytest.mark.parametrize("objective", ["softmax", "sigmoid"])
def test_a_huge_step_leaves_the_temperature_at_its_bound(objective):
    method = method_of(objective=objective)
    method.compile(keras.optimizers.SGD(1e6))
    method.log_scale.assign(4.6)
    optimizer = method.optimizer
    optimizer.build([method.log_scale])
    optimizer.apply_gradients([(keras.ops.convert_to_tensor(-1.0), method.log_scale)])
    assert_close(method.log_scale.numpy(), np.log(100), ROUNDING)


def test_duplicates_are_left_out_unless_they_are_to_be_told_apart():
    batch = batch_of() | {"text_group": np.array([0, 1, 1, 2], "int32")}
    left_out, negative = method_of(), method_of(duplicates="negative")
    assert float(loss_of(left_out, batch, False)) < float(loss_of(negative, batch, False))
    plain = batch_of()
    assert_close(loss_of(left_out, plain, False), float(loss_of(negative, plain, False)), SUM)


def test_a_locked_tower_stays_as_it_is_and_its_projection_learns():
    method = method_of(locked=("image",))
    method.compile(keras.optimizers.SGD(0.1))
    before = [v.numpy() for v in method.towers["image"].variables]
    head = method.heads["image"].get_weights()[0]
    text = method.towers["text"].get_weights()
    method.train_on_batch(batch_of())
    for variable, value in zip(method.towers["image"].variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    assert np.abs(method.heads["image"].get_weights()[0] - head).max() > 0
    pairs = zip(method.towers["text"].get_weights(), text, strict=True)
    assert max(np.abs(a - b).max() for a, b in pairs) > 0


def test_what_is_kept_of_a_side_gives_unit_vectors_of_the_space_of_both():
    method, batch = method_of(), batch_of()
    towers = method.export_towers()
    assert list(towers) == ["image", "text"]
    for side, tower in towers.items():
        inputs = {name: batch[f"{side}_{name}"] for name in tower.input}
        vectors = np.asarray(tower(inputs)["embedding"])
        projected = np.asarray(method.project(side, inputs))
        assert_close(np.linalg.norm(vectors, axis=1), np.ones(4), SUM)
        assert_close(vectors, projected / np.linalg.norm(projected, axis=1, keepdims=True), NETWORK)


def test_a_tower_does_not_embed_in_parts_what_it_cannot_join():
    embedder = Embedder(method_of().joint["image"])
    with pytest.raises(ValueError, match="embedded in parts"):
        embedder.windowed  # noqa: B018


def test_a_match_is_ranked_behind_what_is_level_with_it():
    scores = np.array([[0.9, 0.5, 0.5], [0.1, 0.2, 0.3]])
    right = np.array([[False, True, False], [True, False, True]])
    np.testing.assert_array_equal(ranks_of(scores, right), [3, 1])


def test_chance_is_that_of_a_random_order():
    right = np.array([[True, False, False, False], [True, True, False, False]])
    assert_close(chance(right, 1), (1 / 4 + 2 / 4) / 2, ROUNDING)
    assert_close(chance(right, 2), (1 / 2 + 5 / 6) / 2, ROUNDING)
    assert chance(right, 10) == 1.0


def test_held_out_figures_count_matches_both_ways_and_classes(data):
    method = method_of()
    found = method.validate(data.on(data.items))
    assert {"image_to_text_r1", "text_to_image_r10", "image_to_text_chance_r5"} <= set(found)
    assert found["zero_shot_chance"] == 1 / len(set(data.items.labels))
    assert all(0 <= value <= 1 for value in found.values())
    assert found["image_to_text_r10"] >= found["image_to_text_r1"]


def test_perfect_vectors_find_every_match(data):
    method = method_of()
    codes = np.eye(len(data.sides["text"].items))
    captions = dict(zip(*data.matches("image"), strict=True))
    of_image = {captions[p]: t for p, t in zip(*data.matches("text"), strict=True)}

    def embed(side, examples):
        count = sum(len(next(iter(batch.values()))) for batch in examples)
        rows = range(count) if side == "text" else [of_image[i] for i in range(count)]
        return codes[list(rows)] if side == "image" or count == len(codes) else codes[:count]

    method.embed_side = embed
    found = method.validate(data.on(data.items))
    assert found["image_to_text_r1"] == found["text_to_image_r1"] == 1.0


def test_the_vector_of_a_class_is_normalized_averaged_and_normalized(data):
    method = method_of()

    def embed(texts):
        return method.embed_side("text", data.encode_texts(texts))

    found = class_vectors(embed, ["ring", "cross"], ("a {}", "{}"))
    assert_close(np.linalg.norm(found, axis=1), np.ones(2), SUM)
    both = embed(["a ring", "ring"])
    assert_close(found[0], both.mean(axis=0) / np.linalg.norm(both.mean(axis=0)), NETWORK)
    assert_close(class_vectors(embed, ["ring"], ("{}",)), embed(["ring"]), NETWORK)


def test_the_report_has_a_row_a_picture_with_its_nearest_captions(data):
    method = method_of()
    [(title, caption, image)] = method.report_images(data.on(data.items))
    assert title == "Nearest text"
    assert "of those shown" in caption
    assert image.dtype == np.uint8
    assert image.shape[0] % 8 == 0


def test_what_does_not_fit_is_refused():
    encoder = small_conv_encoder(8, (8,), (2,))
    with pytest.raises(ValueError, match="two towers"):
        CLIP({"image": encoder})
    with pytest.raises(ValueError, match="locked"):
        CLIP({"image": encoder, "text": encoder}, locked=("sound",))
