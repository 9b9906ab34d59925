import keras
import numpy as np
import pytest
from scipy.special import log_softmax

from mmssl.encoders import bert_encoder, cut, load_encoder, small_conv_encoder
from mmssl.methods.simcse import SimCSE
from tests.contract.cases import Case
from tests.contract.learning import ON_NOVELS
from tests.contract.sizes import TINY_TEXT
from tests.tolerances import NETWORK, SUM, assert_close, multiples

CASE = Case(
    "text/simcse",
    (
        *TINY_TEXT,
        # At 0.05 a few steps bring the loss of four texts to 1e-4, where no two ways agree.
        "--method.temperature=0.5",
    ),
    still=("--method.encoder.dropout=0",),
    initial_loss=(np.log(4), 0.01),
    theory=("--method.temperature=100",),
    **ON_NOVELS,
)


def encoder(dropout=0.1, pool="mean"):
    keras.utils.set_random_seed(0)
    sizes = {"width": 8, "depth": 1, "num_heads": 2, "mlp_dim": 16}
    return bert_encoder(30, 10, **sizes, dropout=dropout, pool=pool)


def texts(rows=4):
    ids = np.random.default_rng(0).integers(5, 30, (rows, 10)).astype("int32")
    return {"token_ids": ids, "padding_mask": np.ones_like(ids)}


def test_each_first_reading_picks_its_second_one_by_cosine():
    method = SimCSE(encoder(), temperature=0.2)
    first, second = (np.asarray(x) for x in method(texts(), training=True))
    assert multiples(first, second) > NETWORK
    units = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (first, second)]
    expected = -np.diag(log_softmax(units[0] @ units[1].T / 0.2, axis=1)).mean()
    loss = method.loss_terms(texts(), [first, second], training=True)["info_nce"]
    assert_close(loss, expected, SUM)


@pytest.mark.parametrize("pool", ["mean", "token"])
def test_what_is_compared_is_made_of_the_embedding_that_is_deployed(pool):
    method = SimCSE(encoder(pool=pool))
    first, second = method(texts())
    assert_close(first, second, SUM)
    deployed = method.export_encoder()(texts())
    assert_close(first, method.head(deployed["embedding"]), SUM)
    assert_close(first, method.projection_model()(texts())["embedding"], SUM)
    features = np.asarray(deployed["features"])
    expected = features[:, 0] if pool == "token" else features.mean(axis=1)
    assert_close(deployed["embedding"], expected, SUM)


def test_a_runs_encoder_is_trained_further_with_dropout(tmp_path):
    trained = encoder(dropout=0.0)
    trained.save(tmp_path / "encoder.keras")
    expected = trained(texts())["embedding"]
    keras.backend.clear_session()  # as in another process: Keras numbers layers from the start
    for path in (tmp_path, tmp_path / "encoder.keras"):
        read = load_encoder(str(path), dropout=0.3)
        assert_close(read(texts())["embedding"], expected, SUM)
        first, second = SimCSE(read)(texts(), training=True)
        assert multiples(first, second) > NETWORK
        assert SimCSE(read).projection_model()(texts())["embedding"].shape == (4, 8)
    assert load_encoder(str(tmp_path))(texts(), training=True)["embedding"].shape == (4, 8)


def test_a_runs_encoder_is_given_the_first_token_as_its_embedding(tmp_path):
    encoder().save(tmp_path / "encoder.keras")
    read = load_encoder(str(tmp_path), dropout=0.3, pool="token")
    for part in (read, cut(read, "block_1")):
        outputs = part(texts())
        np.testing.assert_array_equal(outputs["embedding"], outputs["features"][:, 0])
    read.save(tmp_path / "again.keras")
    again = keras.models.load_model(tmp_path / "again.keras")
    np.testing.assert_array_equal(again(texts())["embedding"], read(texts())["embedding"])
    small_conv_encoder(8, (4,), (2,)).save(tmp_path / "pictures.keras")
    with pytest.raises(ValueError, match="features are tokens"):
        load_encoder(str(tmp_path / "pictures.keras"), pool="token")


def test_what_is_no_encoder_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"finds no encoder\.keras"):
        load_encoder(str(tmp_path))
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]).save(tmp_path / "other.keras")
    with pytest.raises(ValueError, match="is not an encoder: the model has no output"):
        load_encoder(str(tmp_path / "other.keras"))
    with pytest.raises(ValueError, match="temperature must be above 0; got 0"):
        SimCSE(encoder(), temperature=0)
