"""Encoders of tables: what they see of a row."""

import keras
import numpy as np
import pytest

from mmssl.encoders import blocks, cut, table_encoder
from mmssl.layers import TableValues
from tests.tolerances import SUM, assert_close

ROWS = {
    "numbers": np.array([[1.5, -2.0], [0.5, 9.0]], "float32"),
    "present": np.array([[1, 1], [1, 0]], "int32"),
    "categories": np.array([[2, 0], [0, 3]], "int32"),
}
VALUES = [[1.5, -2, 0, 0, 0, 0, 1, 1, 0, 0, 0], [0.5, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1]]


def test_a_row_is_its_numbers_its_gaps_and_a_one_for_each_category():
    np.testing.assert_array_equal(TableValues((3, 4))(ROWS), VALUES)
    numbers = {name: ROWS[name] for name in ("numbers", "present")}
    np.testing.assert_array_equal(TableValues()(numbers), np.array(VALUES)[:, :4])
    words = {"categories": ROWS["categories"]}
    np.testing.assert_array_equal(TableValues((3, 4))(words), np.array(VALUES)[:, 4:])


def test_the_embedding_is_that_of_dense_layers_over_the_values():
    encoder = table_encoder(2, (3, 4), widths=(5, 3))
    x = np.array(VALUES)
    for name in blocks(encoder):
        kernel, bias = encoder.get_layer(name).get_weights()
        x = np.maximum(x @ kernel + bias, 0)
    outputs = encoder(ROWS)
    assert_close(outputs["embedding"], x, SUM)
    np.testing.assert_array_equal(outputs["features"], outputs["embedding"])
    assert cut(encoder, "block_1")(ROWS)["embedding"].shape == (2, 5)


def test_a_table_of_one_kind_has_no_inputs_of_the_other(tmp_path):
    assert sorted(table_encoder(2, (), (4,)).input) == ["numbers", "present"]
    encoder = table_encoder(0, (3, 4), (4,))
    assert list(encoder.input) == ["categories"]
    encoder.save(tmp_path / "a.keras")
    words = {"categories": ROWS["categories"]}
    again = keras.saving.load_model(tmp_path / "a.keras")(words)["embedding"]
    np.testing.assert_array_equal(again, encoder(words)["embedding"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"numbers": 0, "categories": ()}, "one in all"),
        ({"categories": (1,)}, "2 or more codes"),
        ({"widths": ()}, "one or more"),
        ({"activation": "selu"}, "activation must be"),
    ],
)
def test_what_is_no_stack_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        table_encoder(**options)
