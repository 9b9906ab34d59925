"""CodeSearchNet: each query chooses its function, and is ranked among distractors."""

import email
import math
from pathlib import Path

import keras
import numpy as np
import pytest

from mmssl.encoders import nbow_encoder
from mmssl.methods import codesearchnet
from mmssl.methods.bases.search_figures import keyword_scores, mean_reciprocal_rank
from mmssl.methods.codesearchnet import CodeSearchNet
from tests.contract.building import loss_of
from tests.contract.cases import Case
from tests.tolerances import NETWORK, ROUNDING, SUM, assert_close, multiples

WIDTH, ROWS = 6, 8
CASE = Case(
    "pairs/codesearchnet",
    (
        f"--data.source={Path(email.__file__).parent}",
        "--data.batch_size=8",
        *(f"--data.sides.{side}.vocabulary_size=300" for side in ("code", "query")),
        *(f"--data.sides.{side}.rare=20" for side in ("code", "query")),
        "--data.sides.code.length=40",
        *(f"--method.towers.{side}.width=8" for side in ("code", "query")),
    ),
    still=tuple(f"--method.towers.{side}.dropout=0.0" for side in ("code", "query")),
    initial_loss=(math.log(8), 0.05),
    theory=("--method.objective=softmax", "--method.equal_start=false"),
)


def towers(widths=(WIDTH, WIDTH)):
    keras.utils.set_random_seed(0)
    names = ("code", "query")
    return {n: nbow_encoder(20, w, dropout=0.0) for n, w in zip(names, widths, strict=True)}


def batch(rows=ROWS, seed=0):
    draw, found = np.random.default_rng(seed), {}
    for side in ("code", "query"):
        found[f"{side}_token_ids"] = draw.integers(1, 20, (rows, 5)).astype("int32")
        found[f"{side}_padding_mask"] = np.ones((rows, 5), "int32")
        found[f"{side}_group"] = np.arange(rows, dtype="int32")
    return found


def scores(method, given, cosine=False):
    vectors = {side: np.asarray(x, "float64") for side, x in method(given).items()}
    if cosine:
        vectors = {k: v / np.linalg.norm(v, axis=1, keepdims=True) for k, v in vectors.items()}
    return vectors["query"] @ vectors["code"].T


def cross_entropy(s):
    return np.mean(np.logaddexp.reduce(s, axis=1) - np.diagonal(s))


def test_the_loss_is_the_papers_over_codes_for_each_query():
    method, given = CodeSearchNet(towers()), batch()
    for weight in method.trainable_variables:
        weight.assign(10 * weight)
    assert_close(loss_of(method, given), cross_entropy(scores(method, given)), NETWORK)
    assert multiples(loss_of(method, given), cross_entropy(scores(method, given).T)) > NETWORK


def test_the_other_losses_are_of_cosines():
    given = batch()
    method = CodeSearchNet(towers(), "cosine", temperature=0.2)
    expected = cross_entropy(scores(method, given, cosine=True) / 0.2)
    assert_close(loss_of(method, given), expected, NETWORK)
    method = CodeSearchNet(towers(), "margin", margin=0.7)
    s = scores(method, given, cosine=True)
    others = np.where(np.eye(ROWS) > 0, -1, s).max(axis=1).clip(0)
    assert_close(loss_of(method, given), np.mean((0.7 - np.diagonal(s) + others).clip(0)), NETWORK)


def test_functions_of_the_same_documentation_are_no_negatives():
    method, given = CodeSearchNet(towers()), batch()
    same = {**given, "query_group": np.zeros(ROWS, "int32")}
    assert_close(loss_of(method, same), 0.0, ROUNDING)
    assert loss_of(method, {**given, "code_group": same["query_group"]}) == loss_of(method, given)


def test_equal_towers_begin_with_equal_weights():
    for equal in (True, False):
        one, two = CodeSearchNet(towers(), equal_start=equal).towers.values()
        first, second = one.get_weights()[0], two.get_weights()[0]
        assert np.array_equal(first, second) == equal
    different = {**towers(), "query": nbow_encoder(30, WIDTH)}
    with pytest.raises(ValueError, match="equal_start needs two towers of equal sizes"):
        CodeSearchNet(different, equal_start=True)


def test_towers_of_two_widths_are_refused():
    with pytest.raises(ValueError, match="embeddings of one width"):
        CodeSearchNet(towers((WIDTH, 4)))


def ranked(found):
    return mean_reciprocal_rank(lambda rows: found[np.ix_(rows, rows)], len(found))


def test_the_reciprocal_rank_of_a_hand_made_list():
    found = np.zeros((4, 4))
    for row, better in enumerate((0, 1, 3, 0)):  # ranks 1, 2, 4 and 1
        found[row, row] = 1
        found[row, [i for i in range(4) if i != row][:better]] = 2
    assert_close(ranked(found), (1 + 0.5 + 0.25 + 1) / 4, ROUNDING)


def test_a_tie_counts_as_lost():
    assert_close(ranked(np.ones((1000, 1000))), 1 / 1000, ROUNDING)
    assert_close(ranked(np.eye(1000)), 1.0, ROUNDING)
    drawn = np.random.default_rng(0).normal(size=(1000, 1000))
    expected = np.mean(1 / np.arange(1, 1001))
    assert expected / 2 < ranked(drawn) < 2 * expected


def test_candidates_are_a_thousand_and_an_incomplete_rest_is_left_out():
    sizes = []

    def all_equal(rows):
        sizes.append(len(rows))
        return np.ones((len(rows), len(rows)))

    assert_close(mean_reciprocal_rank(all_equal, 2999), 1 / 1000, ROUNDING)
    assert_close(mean_reciprocal_rank(all_equal, 10), 1 / 10, ROUNDING)
    assert sizes == [1000, 1000, 10]


def test_keywords_that_only_one_item_has_find_it():
    from scipy.sparse import csr_array

    items = csr_array(np.array([[3, 1, 0, 0], [3, 0, 1, 0], [3, 0, 0, 1]]))
    queries = csr_array(np.array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]]))
    found = keyword_scores(items, queries)(np.arange(3))
    assert (np.argmax(found, axis=1) == np.arange(3)).all()
    assert found[0, 1] > 0


class Held:
    """Pairs that are held out, as the method asks for them."""

    def __init__(self, given):
        self.given = given

    def prepare_all(self):
        return self

    def matches(self, side):
        order = np.arange(ROWS)
        return order, order[::-1] if side == "code" else order

    def examples_of(self, side):
        rows = slice(None, None, -1 if side == "code" else 1)
        own = {k: v for k, v in self.given.items() if k.startswith(side)}
        return [{k.removeprefix(f"{side}_"): v[rows] for k, v in own.items()}]

    def preview_of(self, side, index):
        return f"{side} {ROWS - 1 - index if side == 'code' else index}"

    def on(self, source):
        return self

    source = np.arange(ROWS)


def test_figures_are_those_of_pairs_whatever_the_order_of_their_items():
    method, given = CodeSearchNet(towers()), batch()
    figures = method.validate(Held(given))
    assert_close(figures["mrr"], ranked(scores(method, given, cosine=True)), SUM)
    assert_close(figures["chance_mrr"], np.mean(1 / np.arange(1, 9)), ROUNDING)
    assert figures["candidates"] == ROWS


def test_the_report_shows_each_query_beside_its_nearest_functions(monkeypatch):
    method, given, drawn = CodeSearchNet(towers()), batch(), []
    monkeypatch.setattr(codesearchnet, "captioned_sheet", lambda rows: drawn.extend(rows))
    monkeypatch.setattr(codesearchnet, "spread_out", lambda source: source)
    [(title, caption, _)] = method.report_images(Held(given))
    found = scores(method, given, cosine=True)
    assert (title, [query for query, _ in drawn]) == (
        "Nearest code",
        [f"query {i}" for i in range(8)],
    )
    for pair, (_, beside) in enumerate(drawn):
        nearest = np.argsort(-found[pair])[:3]
        assert beside == [(f"code {i}", i == pair) for i in nearest]
    assert f"{np.mean(np.argmax(found, axis=1) == np.arange(8)):.0%}" in caption
