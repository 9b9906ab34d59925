"""Sets of visible frames and tokens, beside the data that they belong to."""

import numpy as np
import pytest

from mmssl.pipelines.audio import VisibleFrames
from mmssl.pipelines.text import VisibleTokens

CONVOLUTIONS = {"kernel_sizes": (10, 3), "strides": (5, 2)}


WORDS = ["old", "man", "went", "to", "sea", "and", "came", "home", "with", "one", "fish"]


def frames(**options):
    clips = [np.random.default_rng(i).normal(0, 0.1, 4000).astype("float32") for i in range(3)]
    options = {"window": 2000, "batch_size": 4, "num_masks": 3, **CONVOLUTIONS, **options}
    return VisibleFrames(clips, **options)


def tokens(**options):
    draw = np.random.default_rng(0)
    sentences = [" ".join(draw.choice(WORDS, 9)).capitalize() + "." for _ in range(200)]
    options = {"length": 40, "vocabulary_size": 120, "batch_size": 4, "num_masks": 3, **options}
    return VisibleTokens([" ".join(sentences)], **options)


def first(pipeline, **options):
    return {name: x.numpy() for name, x in next(iter(pipeline.batches(**options))).items()}


@pytest.mark.parametrize(
    ("build", "places", "visible"),
    # 199 frames less 41 % of them; 40 tokens less 48 %.
    [(frames, 199, int(199 * (1 - 0.40951))), (tokens, 40, 20)],
)
def test_every_set_parts_all_places_in_the_same_numbers(build, places, visible):
    batch = first(build())
    assert batch["visible"].shape == (4, 3, visible)
    assert batch["masked"].shape == batch["noise"].shape == (4, 3, places - visible)
    both = np.sort(np.concatenate([batch["visible"], batch["masked"]], axis=-1))
    np.testing.assert_array_equal(both, np.broadcast_to(np.arange(places), both.shape))
    assert len({tuple(row) for row in batch["visible"].reshape(12, -1)}) == 12


@pytest.mark.parametrize("build", [frames, tokens])
def test_sets_depend_on_seed_and_element_alone(build):
    one, other = build(), build(num_parallel_calls=1)
    for name, x in first(one, start_step=2, seed=3).items():
        np.testing.assert_array_equal(x, first(other, start_step=2, seed=3)[name])
    assert (first(one, seed=3)["visible"] != first(one, seed=4)["visible"]).any()


def test_hidden_frames_come_in_spans():
    masked = first(frames(num_masks=30))["masked"].reshape(120, -1)
    together = (np.diff(masked) == 1).mean()
    # Single frames would stand together in 41 of 100 places.
    assert together > 0.75


def test_inputs_are_whole_and_the_encoder_takes_the_convolutions_from_the_data():
    assert (first(frames())["padding_mask"] == 1).all()
    assert CONVOLUTIONS.items() <= frames().encoder_arguments().items()
    assert not (first(tokens())["token_ids"] == 4).any()  # [MASK]


@pytest.mark.parametrize(
    ("build", "argument"),
    [
        (frames, {"num_masks": 0}),
        (frames, {"mask_ratio": 1.0}),
        (frames, {"span": 500}),
        (tokens, {"num_masks": 0}),
        (tokens, {"mask_ratio": 0.0}),
    ],
)
def test_arguments_out_of_range_are_refused_by_their_name(build, argument):
    with pytest.raises(ValueError, match=next(iter(argument))):
        build(**argument)
