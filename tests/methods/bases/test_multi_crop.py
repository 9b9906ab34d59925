import numpy as np
import pytest

from mmssl.encoders import at_size, conv_encoder, small_conv_encoder, vit_encoder
from mmssl.methods.bases.multi_crop import embed_crops
from tests.tolerances import SUM, assert_close

ENCODERS = {
    "convolutions": lambda: small_conv_encoder(16, (4, 6), (2, 2)),
    "convolutions with a grid": lambda: conv_encoder(
        16, (4, 6), (1, 1), (2, 2), (1, 1), gray=False, grid=2
    ),
    "vision transformer": lambda: vit_encoder(16, 4, 8, 1, 2, 16),
}


def crops(*sizes):
    draw = np.random.default_rng(0)
    return [{"images": draw.uniform(size=(3, s, s, 3)).astype("float32")} for s in sizes]


@pytest.mark.parametrize("kind", ENCODERS)
def test_crops_of_every_size_are_embedded_in_their_order(kind):
    encoder = ENCODERS[kind]()
    smaller = at_size(encoder, 8)
    given = crops(16, 8, 16, 8)
    embeddings = embed_crops(encoder, given)
    for crop, got in zip(given, embeddings, strict=True):
        model = encoder if crop["images"].shape[1] == 16 else smaller
        assert_close(got, model(crop)["embedding"], SUM)


def test_crops_of_one_size_share_their_batch_statistics():
    encoder = small_conv_encoder(16, (4, 6), (2, 2))
    given = crops(16, 16, 8)
    both = {"images": np.concatenate([crop["images"] for crop in given[:2]])}
    embeddings = embed_crops(encoder, given, training=True)
    together = encoder(both, training=True)["embedding"]
    assert_close(np.concatenate(embeddings[:2]), together, SUM)
