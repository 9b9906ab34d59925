"""The methods that the contract is for, each as a tiny form of its recipe."""

from dataclasses import dataclass, field

import numpy as np

from mmssl.training.optimizers import adamw
from mmssl.training.recipe import build, read_recipe
from tests.contract.tiny import TINY_CROPS, TINY_MULTI_CROP, TINY_PATCHES, TINY_TEXT, TINY_VIEWS


@dataclass(frozen=True)
class Case:
    """A method under the contract.

    Attributes:
        recipe: name of its recipe.
        tiny: overrides that make it small enough for seconds.
        still: overrides that turn dropout off, which draws the same mask on every replica and
            another on every backend.
        initial_loss: what theory gives for an untrained network, and how far it may be off.
        theory: overrides that its condition asks for.
        least_loss: what its loss cannot fall below.
        overfit: share of the way from there to the initial loss that one batch, learned by heart,
            falls under; None where it cannot be.
        source: what the learning check pretrains on, below the folder of real data.
        probe: arguments of its `evaluate`; paths below that folder begin with "{data}".
        margins: by how much (floor, probe) is beaten there, well under what was measured once.
    """

    recipe: str
    tiny: tuple[str, ...]
    still: tuple[str, ...] = ()
    initial_loss: tuple[float, float] | None = None
    theory: tuple[str, ...] = ()
    least_loss: float = 0.0
    overfit: float | None = 0.5
    source: str = ""
    probe: dict = field(default_factory=dict)
    margins: dict = field(default_factory=dict)

    def config(self, *overrides):
        return read_recipe(self.recipe, [*self.tiny, *overrides])


def on_clothes(margin):
    """The learning check of an encoder of small pictures; both probes have one margin."""
    return {
        "source": "images/fashion_mnist",
        "probe": {"source": "{data}/images/fashion_mnist"},
        "margins": {("untrained", "linear"): margin, ("untrained", "knn"): margin},
    }


ON_DIGITS = {
    "source": "audio/fsdd/train",
    "probe": {
        "source": "{data}/audio/fsdd",
        "labels": "{data}/audio/fsdd/labels.tsv",
        "label_column": "digit",
    },
}
ON_NOISES = {
    "source": "audio/esc10/labels.tsv",
    "probe": {
        "source": "{data}/audio/esc10",
        "labels": "{data}/audio/esc10/labels.tsv",
    },
    "margins": {("untrained", "linear"): 0.02, ("untrained", "knn"): 0.1},
}
ON_NOVELS = {
    "source": "text/novels/books",
    "probe": {"source": "{data}/text/novels/author_passages.tsv"},
    # Not over the raw input, nor by kNN: ten minutes do not reach TF-IDF of whole passages.
    "margins": {("untrained", "linear"): 0.02},
}
ON_OBJECTS = {
    "source": "images/caltech101/train",
    "probe": {
        "source": "{data}/images/caltech101",
        "labels": "{data}/images/caltech101/labels.tsv",
    },
}

CASES = {
    "cpc": Case(
        "audio/cpc",
        (
            "--data.batch_size=4",
            "--data.window=5120",
            "--data.short=pad",
            "--method.encoder.channels=32",
            "--method.encoder.context=32",
            "--method.prediction_steps=4",
        ),
        # 4 x 32 candidates, less padding, and scores of an untrained network spread a little.
        initial_loss=(np.log(4 * 32), 0.7),
        **ON_DIGITS,
        # No margin over the raw input: MFCC tell these digits apart at 0.97.
        margins={("untrained", "linear"): 0.3, ("untrained", "knn"): 0.3},
    ),
    "wavenet": Case(
        "audio/wavenet",
        (
            "--data.batch_size=4",
            "--data.window=512",
            "--method.encoder.layers=4",
            "--method.encoder.residual=16",
            "--method.encoder.gate=16",
            "--method.encoder.skip=32",
            # XLA takes longer to compile a step than these few steps take, and no virtual devices.
            "--fit.jit=false",
        ),
        initial_loss=(np.log(256), 0.01),
        **ON_DIGITS,
        margins={("untrained", "linear"): 0.02},
    ),
    "bert": Case(
        "text/bert",
        (
            *TINY_TEXT,
            "--data.vocabulary_size=1000",
            "--data.max_predictions=8",
            "--method.encoder.dropout=0.1",
        ),
        still=("--method.encoder.dropout=0",),
        initial_loss=(np.log(1000) + np.log(2), 0.2),
        theory=("--method.unigram_bias=false",),
        **ON_NOVELS,
    ),
    "gpt": Case(
        "text/gpt",
        (*TINY_TEXT, "--data.vocabulary_size=400", "--method.encoder.dropout=0.1"),
        still=("--method.encoder.dropout=0",),
        initial_loss=(np.log(400) + 0.02**2 * 32 / 2, 0.05),
        **ON_NOVELS,
    ),
    "colorization": Case(
        "vision/colorization",
        (
            *TINY_CROPS,
            "--method.encoder.depths=[1,1,1]",
            "--method.encoder.strides=[2,2,1]",
            "--method.encoder.dilations=[1,1,1]",
            "--method.decoder_width=16",
            "--method.upsampling=1",
        ),
        initial_loss=(np.log(261), 1.5),
        theory=("--method.uniform_share=1",),  # without rebalancing, or a small batch is off
        **ON_OBJECTS,
        margins={("untrained", "linear"): 0.05, ("raw", "linear"): 0.05},
    ),
    "simclr": Case(
        "vision/simclr",
        (*TINY_VIEWS, "--method.projector=[16,8]"),
        initial_loss=(np.log(2 * 8 - 1), 0.1),
        theory=("--method.temperature=10",),
        **on_clothes(0.01),
    ),
    "simclr_audio": Case(
        "audio/simclr",
        (
            "--data.batch_size=8",
            "--data.window=8192",
            "--method.encoder.bands=16",
            "--method.encoder.hop=128",
            "--method.encoder.channels=[4,8]",
            "--method.projector=[16,8]",
            # At 0.2, and half the window, rounding alone moves the third loss by 2e-5.
            "--method.temperature=0.5",
        ),
        initial_loss=(np.log(2 * 8 - 1), 0.1),
        theory=("--method.temperature=10",),
        **ON_NOISES,
    ),
    "moco": Case(
        "vision/moco",
        (*TINY_VIEWS, "--method.projector=[16,8]", "--method.queue_size=32"),
        overfit=None,  # a batch that comes again meets its own keys in the queue
        initial_loss=(np.log(32 + 1), 0.15),
        theory=("--method.temperature=10",),
        **on_clothes(0.01),
    ),
    "moco_v1": Case(
        "vision/moco_v1",
        (*TINY_VIEWS, "--method.projector=[8]", "--method.queue_size=32"),
        overfit=None,
        initial_loss=(np.log(32 + 1), 0.15),
        theory=("--method.temperature=10",),
        **on_clothes(0.01),
    ),
    "moco_v3": Case(
        "vision/moco_v3",
        (*TINY_VIEWS, "--method.projector=[16,8]", "--method.predictor=[16,8]"),
        initial_loss=(4 * 10 * np.log(8), 4.0),
        theory=("--method.temperature=10",),
        **on_clothes(0.01),
    ),
    "byol": Case(
        "vision/byol",
        (*TINY_VIEWS, "--method.projector=[16,32]", "--method.predictor=[16,32]"),
        initial_loss=(4.0, 1.5),  # an untrained prediction stands at right angles to its target
        **on_clothes(0.01),
    ),
    "simsiam": Case(
        "vision/simsiam",
        (*TINY_VIEWS, "--method.projector=[16,32]", "--method.predictor=[16,32]"),
        initial_loss=(0.0, 0.4),
        least_loss=-1.0,
        **on_clothes(0.01),
    ),
    "barlow_twins": Case(
        "vision/barlow_twins", (*TINY_VIEWS, "--method.projector=[16,8]"), **on_clothes(0.01)
    ),
    "vicreg": Case("vision/vicreg", (*TINY_VIEWS, "--method.projector=[16,8]"), **on_clothes(0.01)),
    "inpainting": Case(
        "vision/inpainting",
        (
            *TINY_CROPS,
            "--data.region=centre",
            "--data.overlap=2",
            "--method.decoder_channels=[16]",
            "--method.discriminator_channels=[8,16]",
        ),
        # 2 ln 2 of a discriminator that knows nothing, and the mean square of the pictures' pixels.
        initial_loss=(2 * np.log(2) + 0.4, 0.4),
        theory=("--data.overlap=0",),
        **ON_OBJECTS,
        margins={("untrained", "linear"): 0.02},
    ),
    "dino": Case(
        "vision/dino",
        (*TINY_MULTI_CROP, "--method.head=[16,16,8]", "--method.outputs=32"),
        # A student that tells nothing apart.
        initial_loss=(np.log(32), 0.01),
        theory=("--method.student_temperature=100",),
        **on_clothes(0.02),
    ),
    "swav": Case(
        "vision/swav",
        (
            *TINY_MULTI_CROP,
            "--method.projector=[16,8]",
            "--method.prototypes=12",
            "--method.queue_size=8",
            "--method.queue_from=0",
        ),
        initial_loss=(np.log(12), 0.01),
        theory=("--method.temperature=100",),
        **on_clothes(0.02),
    ),
    "simcse": Case(
        "text/simcse",
        (
            *TINY_TEXT,
            "--data.vocabulary_size=1000",
            # At 0.05 a few steps bring the loss of four texts to 1e-4, where no two ways agree.
            "--method.temperature=0.5",
        ),
        still=("--method.encoder.dropout=0",),
        initial_loss=(np.log(4), 0.01),
        theory=("--method.temperature=100",),
        **ON_NOVELS,
    ),
    "data2vec": Case(
        "vision/data2vec",
        (*TINY_PATCHES, "--data.mask_share=0.5", "--data.min_block=1"),
        # A prediction of zero costs a quarter of the mean square, 1; an untrained one up to twice.
        initial_loss=(0.4, 0.2),
        **on_clothes(0.02),
    ),
    "data2vec2": Case(
        "vision/data2vec2",
        (
            *TINY_PATCHES,
            "--data.masks=2",
            "--method.top_blocks=2",
            "--method.class_weight=1.0",
            "--method.decoder_channels=16",
            "--method.decoder_groups=4",
        ),
        # Predictions start at zero, which costs sqrt(16).
        initial_loss=(4.0, 0.01),
        theory=("--method.class_weight=0",),
        **on_clothes(0.02),
    ),
}


def build_case(config, steps=100, learning_rate=1e-3):
    """Builds data and method of a case, compiled; returns both."""
    data = build(config["data"]).prepare()
    method = build(config["method"])
    compile_method(method, learning_rate)
    method.adapt(data.batches(seed=config["fit"]["seed"]))
    return data, method


def compile_method(method, learning_rate=1e-3, clip_norm=1.0):
    """Compiles a method with the optimizer of the runs."""

    def make(variables, rate=1.0, constant=False):
        return adamw(variables, rate * learning_rate, 0.01, clip_norm=clip_norm)

    method.compile(**method.make_optimizers(make))


def first_batch(data, seed=0):
    """Returns the first training batch."""
    return next(iter(data.batches(seed=seed)))
