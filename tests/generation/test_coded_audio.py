"""Sound from priors over codes: level by level, after a prompt, and what does not fit."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import soundfile

from mmssl.encoders import code_transformer, dilated_residual_encoder
from mmssl.generation.coded_audio import decoded, generate_coded_audio
from mmssl.methods.code_prior import CodePrior
from mmssl.methods.jukebox import Jukebox
from mmssl.pipelines.codes import CodeSpec
from mmssl.pipelines.codes.labels import Labels
from mmssl.runs.coders import Coder
from tests.tolerances import assert_within

LABELS = Labels({"speaker": ["lucas", "theo"]})


@pytest.fixture(scope="module")
def tokenizer():
    """A Jukebox of two levels, whose codes stand for 4 samples and for 2."""
    keras.utils.set_random_seed(0)
    levels = {
        name: dilated_residual_encoder((halvings,), 2, 1, out_width=2)
        for name, halvings in (("top", 2), ("bottom", 1))
    }
    made = Jukebox(levels, (32,), entries=6, largest_count=4, resolutions=((32, 8, 16),))
    wave = np.random.default_rng(2).normal(0, 0.2, (1, 64)).astype("float32")
    found = made({"waveform": wave, "padding_mask": np.ones((1, 64), "int32")})["vectors"]
    for level, quantizer in made.quantizer.items():  # entries that sounds differ in
        quantizer.codebook.assign(found[level][0, :6])
    return made


@pytest.fixture(scope="module")
def runs(tokenizer):
    """What generation asks of a run over each level; the upper one knows speakers."""
    spec = CodeSpec(6, dict(tokenizer.code_shape), 4, 8000)
    networks = {
        "code_encoder.keras": Coder(tokenizer.export_code_encoder(), spec),
        "code_decoder.keras": Coder(tokenizer.export_code_decoder(), spec),
    }

    def run(level, **options):
        sizes = {"width": 4, "depth": 1, "num_heads": 1, "mlp_dim": 4, **options}
        method = CodePrior(code_transformer(6, (8,), **sizes))
        for variable in method.trainable_variables:  # so that all that is given tells
            variable.assign(np.random.default_rng(0).normal(size=variable.shape))
        conditioned = LABELS if "labels" in options else None
        conditions = {"speaker": 3} if "labels" in options else {}
        data = SimpleNamespace(
            spec=spec, level=level, conditions=conditions, conditioned=conditioned
        )
        return SimpleNamespace(
            data=data, method=lambda: method, coder=networks.get, folder=f"runs/{level}"
        )

    keras.utils.set_random_seed(1)
    above = {"upper_shape": (4,), "conditioner_width": 2, "conditioner_depth": 1}
    return run(None, labels=(3,)), run("bottom", **above)


@pytest.fixture
def prompt(tmp_path):
    wave = np.random.default_rng(0).normal(0, 0.2, 42)
    soundfile.write(tmp_path / "prompt.wav", wave, 8000, "FLOAT")
    return tmp_path / "prompt.wav"


def test_a_prompt_is_continued_by_what_is_decoded_from_codes(runs, tokenizer, prompt, tmp_path):
    top, bottom = runs
    steps = []
    [path] = generate_coded_audio(
        top,
        tmp_path / "y.wav",
        seconds=0.01,
        prompt=prompt,
        lower=[bottom],
        progress=lambda done, total: steps.append((done, total)),
    )
    wave, rate = soundfile.read(path)
    assert (rate, len(wave)) == (8000, 40 + 80)
    # 30 codes of the top level for 120 samples, and twice as many below.
    assert steps[-1] == (90, 90)
    heard = soundfile.read(prompt, dtype="float32")[0][2:]
    batch = {"waveform": heard[None], "padding_mask": np.ones((1, 40), "int32")}
    # Within what a sample at the end of the prompt sees of what comes after.
    expected = tokenizer.reconstruct(batch)[0, :30]
    assert_within(wave[:30], np.clip(expected, -1, 1), 2**-15)


def test_a_label_changes_what_is_sampled_by_the_same_seed(runs, tmp_path):
    def sound(speaker):
        given = {"seconds": 0.004, "labels": [f"speaker={speaker}"]}
        [path] = generate_coded_audio(runs[0], tmp_path / "y.wav", **given)
        return path.read_bytes()

    assert sound("theo") != sound("lucas")


def test_the_top_level_alone_is_decoded_by_itself(runs, tokenizer):
    codes = np.random.default_rng(0).integers(0, 6, (1, 8))
    found = decoded(runs[0], {"top": codes})
    expected = tokenizer.decode({"top": tokenizer.quantizer["top"].lookup(codes)})
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"seconds": 0}, "seconds must be above 0"),
        ({"labels": ["artist=x"]}, "column=label, of speaker"),
        ({"labels": ["speaker=george"]}, "speaker must be one of lucas, theo; got george"),
        ({"prompt": "nowhere.wav"}, "there is none at nowhere.wav"),
        ({"hop_fraction": 2}, "hop_fraction=2"),
    ],
)
def test_what_does_not_fit_is_refused(runs, options, sentence, tmp_path):
    with pytest.raises(ValueError, match=sentence):
        generate_coded_audio(runs[0], tmp_path / "y.wav", **options)


def test_runs_go_from_the_top_down(runs, tmp_path):
    with pytest.raises(ValueError, match=r"from the top down, top, bottom; got runs/bottom"):
        generate_coded_audio(runs[1], tmp_path / "y.wav")
