"""SCARF: rows and corrupted rows, one direction."""

import keras
import numpy as np
import pytest

from mmssl.encoders import table_encoder
from mmssl.methods.scarf import SCARF
from mmssl.pipelines.tables import MarginalViews
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.contract.learning import ON_CENSUS
from tests.tolerances import SUM, assert_close, multiples

CASE = Case(
    "tables/scarf",
    ("--data.batch_size=8", "--method.encoder.widths=[16,16]", "--method.projector=[16,8]"),
    initial_loss=(np.log(8), 0.1),
    theory=("--method.temperature=10",),
    least_loss=1.17,  # ln(1 + 7 exp(-8/7)), of eight rows as far apart as they can be
    **ON_CENSUS,
)


@pytest.fixture(scope="module")
def data():
    return MarginalViews(batch_size=16).prepare()


@pytest.fixture
def method(data):
    keras.utils.set_random_seed(0)
    encoder = table_encoder(**data.encoder_arguments(), widths=(16, 8))
    return SCARF(encoder, (8, 8), temperature=0.5)


def test_the_loss_is_the_papers_plus_log_n(method, data):
    batch = next(data.batches().as_numpy_iterator())
    z, corrupted = (np.asarray(x, "float64") for x in method(batch))
    z, corrupted = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (z, corrupted))
    scores = np.exp(z @ corrupted.T / 0.5)
    papers = -np.log(np.diag(scores) / scores.mean(axis=1)).mean()
    assert_close(float(loss_of(method, batch)), papers + np.log(16), SUM)


def test_equal_embeddings_cost_log_n(method, data):
    batch = next(data.batches().as_numpy_iterator())
    same = {name: np.repeat(values[:1], 16, axis=0) for name, values in batch.items()}
    assert_close(float(loss_of(method, same)), np.log(16), SUM)
    assert_close(method.get_metrics_result()["matched"], 1 / 16, SUM)


def test_rows_are_found_among_corrupted_rows_and_not_the_other_way_round(method, data):
    batch = next(data.batches().as_numpy_iterator())
    turned = {f"{n[:-1]}{3 - int(n[-1])}": values for n, values in batch.items()}
    losses = [float(loss_of(method, one)) for one in (batch, turned)]
    assert multiples(*losses) > SUM


def test_an_uncorrupted_row_is_nearest_to_itself(data):
    keras.utils.set_random_seed(0)
    clean = MarginalViews(batch_size=16, share=0.0).prepare()
    method = SCARF(table_encoder(**clean.encoder_arguments(), widths=(16,)), (8,))
    figures = method.validate(clean)
    assert figures == {"matched_rows": 1.0, "chance": 1 / 16}


def test_the_picture_is_bright_where_rows_are_their_own(method, data):
    clean = MarginalViews(batch_size=16, share=0.0).prepare()
    [(_, caption, picture)] = method.report_images(clean)
    assert "16 rows" in caption
    assert picture.shape == (128, 128, 3)
    tiles = picture.reshape(16, 8, 16, 8, 3).mean(axis=(1, 3, 4))
    np.testing.assert_array_equal(np.diag(tiles), tiles.max(axis=1))


def test_what_is_out_of_range_is_refused(data):
    with pytest.raises(ValueError, match="temperature"):
        SCARF(table_encoder(), temperature=0)
