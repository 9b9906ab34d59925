"""The prior over codes: bits, what a code depends on, the level above, labels."""

import keras
import numpy as np
import pytest

from mmssl.encoders import code_transformer, gpt_encoder
from mmssl.methods.code_prior import CodePrior
from mmssl.pipelines.codes import Codes
from tests.contract.building import loss_of
from tests.contract.coded import CodedCase, coded_sound
from tests.contract.sizes import tiny_transformer
from tests.tolerances import ROUNDING, SUM, assert_close

TINY = (
    *("--data.batch_size=4", "--method.encoder.dropout=0.0"),
    *tiny_transformer(16),
)
CODED = {"initial_loss": (3.0, 0.05), "overfit": 0.7, "coded": coded_sound}
CASE = CodedCase("audio/jukebox_prior", (*TINY, "--data.length=8"), **CODED)
CASES = {
    "upsampler": CodedCase(
        "audio/jukebox_upsampler",
        (
            *(*TINY, "--data.length=16", "--method.encoder.row=4"),
            *("--method.encoder.conditioner_width=8", "--method.encoder.conditioner_depth=1"),
        ),
        **CODED,
    ),
}
SIZES = {"width": 8, "depth": 3, "num_heads": 2, "mlp_dim": 8}
ABOVE = {"upper_shape": (4,), "conditioner_width": 4, "conditioner_depth": 1}


def prior(entries=5, shape=(8,), **options):
    keras.utils.set_random_seed(0)
    method = CodePrior(code_transformer(entries, shape, **{**SIZES, **options}))
    kernel = method.logits.kernel
    kernel.assign(np.random.default_rng(0).normal(size=kernel.shape))
    return method


def codes_of(*shape, entries=5, seed=0):
    return np.random.default_rng(seed).integers(0, entries, shape, "int32")


def test_uniform_logits_cost_11_bits_of_2048_codes():
    method = prior(2048)
    method.logits.kernel.assign(np.zeros_like(method.logits.kernel))
    assert_close(float(loss_of(method, {"codes": codes_of(2, 8)}, False)), 11, ROUNDING)


def test_the_loss_is_the_mean_length_of_codes_in_bits():
    method, codes = prior(), codes_of(3, 8)
    logits = np.asarray(method({"codes": codes}), "float64")
    shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    right = np.take_along_axis(shares, codes[..., None], axis=-1)
    assert_close(float(loss_of(method, {"codes": codes}, False)), -np.log2(right).mean(), SUM)


@pytest.mark.parametrize("attention", ["dense", "factored"])
def test_a_code_changes_no_logits_up_to_its_own_and_those_after_it(attention):
    method, codes = prior(attention=attention, row=4), codes_of(1, 8)
    for place in range(7):
        other = codes.copy()
        other[:, place] = (other[:, place] + 1) % 5
        before, after = (np.asarray(method({"codes": x}))[0] for x in (codes, other))
        moved = np.flatnonzero((before != after).any(axis=-1))
        assert moved[0] == place + 1


def test_a_map_is_read_row_by_row():
    method, codes = prior(shape=(2, 4)), codes_of(1, 2, 4)
    flat = CodePrior(code_transformer(5, (8,), **SIZES))
    flat.set_weights(method.get_weights())
    rows = {"codes": codes.reshape(1, 8)}
    np.testing.assert_array_equal(method({"codes": codes}), flat(rows))


def test_a_code_above_reaches_its_own_time_and_as_far_before_as_after():
    method = prior(shape=(32,), upper_shape=(16,), conditioner_width=4, conditioner_depth=1)
    codes, upper = codes_of(1, 32), codes_of(1, 16)
    other = upper.copy()
    other[:, 8] = (other[:, 8] + 1) % 5
    conditioner = method.encoder.get_layer("conditioner")
    before, after = (np.asarray(conditioner(x))[0] for x in (upper, other))
    moved = np.flatnonzero((before != after).any(axis=-1))
    assert 16 - moved[0] == moved[-1] - 17
    told = [np.asarray(method({"codes": codes, "upper_codes": x})) for x in (upper, other)]
    assert (told[0] != told[1]).any()


def test_labels_change_what_is_predicted_from_the_first_code_on():
    method, codes = prior(labels=(3, 2)), codes_of(1, 8)
    first, second = (
        np.asarray(method({"codes": codes, "labels": np.int32([[n, 1]])})) for n in (1, 2)
    )
    assert (first[0] != second[0]).any(axis=-1).all()


def test_held_out_codes_are_measured_beside_their_shares_and_with_codes_above_of_others():
    method, codes, upper = prior(**ABOVE), codes_of(5, 8), codes_of(5, 4, seed=1)

    class Data:
        source = Codes(codes, entries=5, batch_size=2).prepare().items

        def fixed_elements(self, source, batch_size):
            pairs = (({"codes": codes, "upper_codes": upper}),)
            return Iterated(pairs)

    figures = method.validate(Data())
    own = loss_of(method, {"codes": codes, "upper_codes": upper}, False)
    other = loss_of(method, {"codes": codes, "upper_codes": np.roll(upper, 1, axis=0)}, False)
    assert_close(figures["bits"], float(own), SUM)
    assert_close(figures["bits_given_others"], float(other), SUM)
    assert figures["bits"] != figures["bits_given_others"]
    shares = np.bincount(codes.ravel()) / codes.size
    assert_close(figures["unigram_bits"], -np.sum(shares * np.log2(shares)), SUM)


class Iterated(tuple):
    __slots__ = ()

    def as_numpy_iterator(self):
        return iter(self)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="needs the layer 'shifted'"):
        CodePrior(gpt_encoder(20, 8, 8, 1, 2, 8))
    with pytest.raises(ValueError, match="over a power of 2"):
        code_transformer(5, (9,), upper_shape=(3,), **SIZES)
    with pytest.raises(ValueError, match="row=3"):
        code_transformer(5, (8,), attention="factored", row=3, **SIZES)
