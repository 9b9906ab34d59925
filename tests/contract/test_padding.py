import keras
import numpy as np

from tests.contract.cases import build_case


def pad(inputs):
    """Adds padding to sequences and a second row to everything."""
    wider = {
        name: np.pad(x, [(0, 0), (0, 5 if "token_ids" in inputs else 333)]) if x.ndim == 2 else x
        for name, x in inputs.items()
    }
    return {name: np.concatenate([x, x[:1]]) for name, x in wider.items()}


def test_padding_and_batching_leave_the_embedding_unchanged(case):
    data, method = build_case(case.config())
    batch = next(
        iter(
            data.examples(
                data.items,
                batch_size=1,
                limit_length=40 if "token_ids" in method.encoder.input else None,
            )
        )
    )
    alone = keras.tree.map_structure(np.asarray, batch)
    expected = np.asarray(method.encoder(alone)["embedding"])
    got = np.asarray(method.encoder(pad(alone))["embedding"])
    np.testing.assert_allclose(got, np.repeat(expected, len(got), axis=0), atol=1e-5)
