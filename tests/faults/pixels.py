"""Faults in models of pictures in raster order: masks, recurrence, likelihoods, sampling."""

from tests.faults.fault import Fault

_MASKS = ("tests/layers/test_masked_convolution.py",)
_LOOPS = ("tests/layers/test_pixel_recurrence.py",)
_METHOD = ("tests/methods/test_pixel_rnn.py",)
_PRIOR = ("tests/methods/test_pixel_prior.py",)
_SAMPLER = ("tests/generation/test_pixel_sampler.py",)
FAULTS = (
    Fault(
        "the first layer sees the channel that it predicts",
        "mmssl/layers/masked_convolution.py",
        'seen < sees if kind == "A" else seen <= sees',
        "seen <= sees",
        (*_MASKS, *_METHOD),
        "mask or channel or logit",
    ),
    Fault(
        "a kernel is masked once, when it is made",
        "mmssl/layers/masked_convolution.py",
        "return kernel * ops.convert_to_tensor(self.mask, self.compute_dtype)",
        "return kernel",
        _MASKS,
        "changed",
    ),
    Fault(
        "channels take their turn one by one, as third-party code has them",
        "mmssl/layers/masked_convolution.py",
        "return np.arange(channels) * groups // channels",
        "return np.arange(channels) % groups",
        _MASKS,
        "own_pixel",
    ),
    Fault(
        "the second direction is not moved down by a row",
        "mmssl/layers/pixel_recurrence.py",
        "below = ops.pad(ops.flip(left, axis=2)[:, :-1], ((0, 0), (1, 0), (0, 0), (0, 0)))",
        "below = ops.flip(left, axis=2)",
        (*_LOOPS, *_METHOD),
        "diagonal",
    ),
    Fault(
        "a row of an LSTM sees the pixel on its right",
        "mmssl/layers/pixel_recurrence.py",
        "((0, 0), (0, 0), (self.half, 0), (0, 0))",
        "((0, 0), (0, 0), (0, self.half), (0, 0))",
        (*_LOOPS, *_METHOD),
        "row_lstm",
    ),
    Fault(
        "a row of a diagonal is given the states of the row below",
        "mmssl/layers/pixel_recurrence.py",
        "above = ops.pad(halves[:, :, :-1], ((0, 0), (0, 0), (1, 0), (0, 0)))",
        "above = ops.pad(halves[:, :, 1:], ((0, 0), (0, 0), (0, 1), (0, 0)))",
        _LOOPS,
        "diagonal",
    ),
    Fault(
        "a cell forgets by the gate that writes",
        "mmssl/layers/pixel_recurrence.py",
        "ops.sigmoid(keep) * cell",
        "ops.sigmoid(write) * cell",
        _LOOPS,
        "formula",
    ),
    Fault(
        "a sampler forgets the last channel of a pixel",
        "mmssl/generation/raster_sampler.py",
        "seen = self.pixels.embed(before)",
        "seen = self.pixels.embed(before * [1, 1, 0][: self.channels])",
        _SAMPLER,
        "without",
    ),
    Fault(
        "a map is coded by its own counts, too",
        "mmssl/methods/bases/counted.py",
        "found = many[pair] - _own(pair) + PRIOR",
        "found = many[pair] + PRIOR",
        ("tests/methods/bases/test_counted.py",),
        "others",
    ),
    Fault(
        "bits are averaged over pictures, not over values",
        "mmssl/methods/pixel_rnn.py",
        "true.size / math.log(2)",
        "len(true) / math.log(2)",
        _METHOD,
        "measures_itself",
    ),
    Fault(
        "drawing, a prior is not told the map above",
        "mmssl/generation/code_map_sampler.py",
        "return keras.Model(self.method.encoder.input[UPPER], told)",
        "return lambda upper: 0 * keras.Model(self.method.encoder.input[UPPER], told)(upper)",
        _PRIOR,
        "step",
    ),
    Fault(
        "each level is drawn with the same numbers",
        "mmssl/generation/code_map_sampler.py",
        "seed + number, temperature",
        "seed, temperature",
        _PRIOR,
        "top_level_down",
    ),
    Fault(
        "the codes of another item are told in the same order",
        "mmssl/methods/pixel_prior.py",
        "np.roll(batch[UPPER], 1, axis=0)",
        "batch[UPPER]",
        _PRIOR,
        "another_items",
    ),
)
