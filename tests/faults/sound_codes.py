"""Faults in codes of sound, in their priors, and in what is sampled from these."""

from tests.faults.fault import Fault

_JUKEBOX = ("tests/methods/test_jukebox.py",)
_PRIOR = ("tests/methods/test_code_prior.py",)
_SAMPLER = ("tests/generation/test_code_sampler.py",)
_POSITIONS = ("tests/layers/test_code_positions.py",)
FAULTS = (
    Fault(
        "the spectral distance has an infinite gradient where nothing is wrong",
        "mmssl/losses/multispectral.py",
        "return ops.sqrt(ops.sum(ops.square(sheet), axis=(1, 2)) + LEAST)",
        "return ops.sqrt(ops.sum(ops.square(sheet), axis=(1, 2)))",
        ("tests/losses/test_multispectral.py",),
        "gradient",
    ),
    Fault(
        "the smallest errors count in place of the largest",
        "mmssl/losses/largest_errors.py",
        "ops.mean(ops.top_k(errors, count, sorted=False)[0], axis=-1)",
        "-ops.mean(ops.top_k(-errors, count, sorted=False)[0], axis=-1)",
        ("tests/losses/test_largest_errors.py",),
    ),
    Fault(
        "the spectral distance is divided by the variance",
        "mmssl/methods/jukebox.py",
        "ops.mean(spectral) / self.norm",
        "ops.mean(spectral) / self.variance",
        _JUKEBOX,
        "formula",
    ),
    Fault(
        "every level is decoded by the decoder of the lowest",
        "mmssl/methods/jukebox.py",
        "self.decoders[lowest](quantized[lowest], training=False)",
        "self.decoders[self.levels[-1]](quantized[lowest], training=False)",
        _JUKEBOX,
        "bit_by_bit",
    ),
    Fault(
        "a dilated unit sees frames of padding",
        "mmssl/layers/dilated.py",
        "seen = ops.where(mask[..., None] > 0, seen, 0)",
        "seen = 1 * seen",
        ("tests/layers/test_dilated.py",),
        "padding",
    ),
    Fault(
        "the loss of a prior is in nats",
        "mmssl/methods/code_prior.py",
        "return loss / count / math.log(2), hits / count",
        "return loss / count, hits / count",
        _PRIOR,
        "bits",
    ),
    Fault(
        "codes are not shifted",
        "mmssl/layers/code_positions.py",
        "return self.embed(ops.concatenate([start, codes[:, :-1]], axis=1))",
        "return self.embed(codes)",
        _POSITIONS,
        "before_it",
    ),
    Fault(
        "a place of the first row sees all of it in the previous row",
        "mmssl/layers/code_positions.py",
        "((query < row) & (query == key))",
        "((query < row) & (key < row))",
        _POSITIONS,
        "pattern_says",
    ),
    Fault(
        "upper codes of another are those of one's own",
        "mmssl/methods/code_prior.py",
        "for batch in batches]), 1, axis=0)",
        "for batch in batches]), 0, axis=0)",
        _PRIOR,
        "held_out",
    ),
    Fault(
        "each window is given the codes above the first",
        "mmssl/generation/code_sampler.py",
        "above = upper[:, first // self.ratio :]",
        "above = upper[:, 0 :]",
        _SAMPLER,
        "above_its_own",
    ),
    Fault(
        "each window has the draws of the first",
        "mmssl/generation/code_sampler.py",
        "np.random.SeedSequence([seed, number])",
        "np.random.SeedSequence([seed, 0])",
        _SAMPLER,
        "draws_of_their_own",
    ),
    Fault(
        "a prompt loses its end, not its beginning",
        "mmssl/generation/coded_audio.py",
        "wave = wave[len(wave) % spec.hop :]",
        "wave = wave[: len(wave) // spec.hop * spec.hop]",
        ("tests/generation/test_coded_audio.py",),
        "prompt",
    ),
)
