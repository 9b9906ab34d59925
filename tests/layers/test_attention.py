import keras
import numpy as np
from scipy.special import softmax

from mmssl.layers import SelfAttention
from tests.tolerances import SUM, assert_close

ROWS, LENGTH, HEADS, EACH = 2, 5, 2, 4


def split(x):
    return x.reshape(ROWS, LENGTH, HEADS, EACH).transpose(0, 2, 1, 3)


def test_attention_is_the_papers_formula_head_by_head_over_what_may_be_seen():
    keras.utils.set_random_seed(0)
    draw, layer = np.random.default_rng(0), SelfAttention(HEADS)
    x = draw.normal(size=(ROWS, LENGTH, HEADS * EACH)).astype("float32")
    visible = np.tril(np.ones((1, LENGTH, LENGTH), bool))
    found = layer(x, visible)
    project, join = layer.project, layer.join
    query, key, value = map(split, np.split(np.asarray(project(x), "float64"), 3, axis=-1))
    scores = query @ key.transpose(0, 1, 3, 2) / np.sqrt(EACH)
    seen = softmax(np.where(visible[:, None], scores, -np.inf), axis=-1) @ value
    joined = seen.transpose(0, 2, 1, 3).reshape(x.shape)
    assert_close(found, joined @ np.asarray(join.kernel) + np.asarray(join.bias), SUM)
