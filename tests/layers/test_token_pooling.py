import numpy as np
import pytest

from mmssl.layers import TokenPooling

TOKENS = np.array([[[9.0], [1.0], [3.0], [5.0], [7.0]]], "float32")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"kind": "token"}, [9.0]),
        ({"kind": "mean"}, [4.0]),
        ({"kind": "mean", "class_token": False}, [5.0]),
        ({"kind": "mean", "grid": 2}, [1.0, 3.0, 5.0, 7.0]),
    ],
)
def test_the_class_token_stands_alone_or_is_left_out(arguments, expected):
    np.testing.assert_array_equal(TokenPooling(**arguments)(TOKENS), [expected])
