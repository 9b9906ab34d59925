"""CollapseMonitor names the collapse of methods that lack a part, and no other."""

import warnings

import keras
import numpy as np
import pytest

from mmssl.encoders.parts.normalization import batch_normalization
from mmssl.evaluation.collapse.monitor import CollapseMonitor, CollapseWarning
from mmssl.methods.byol import BYOL
from mmssl.methods.simsiam import SimSiam
from mmssl.methods.vicreg import VICReg

STEPS, LOOKS = 100, 10


@pytest.fixture
def encoder():
    keras.utils.set_random_seed(0)
    x = vectors = keras.Input((16,), name="vectors")
    for number in (1, 2):
        x = batch_normalization(0.9)(keras.layers.Dense(32)(x))
        x = keras.layers.ReLU(name=f"block_{number}")(x)
    return keras.Model({"vectors": vectors}, {"features": x, "embedding": x})


class WithoutStopGradient(SimSiam):
    def target(self, projections):
        return projections


class WithoutPredictor(BYOL):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.predictor = keras.layers.Identity()


def simsiam(cls, encoder):
    return cls(encoder, projector=(32, 32, 32), predictor=(8, 32))


def byol(cls, encoder):
    sizes = {"projector": (32, 32), "predictor": (32, 32)}
    return cls(encoder, **sizes, momentum=0.9, final_momentum=None)


def vicreg(encoder, **weights):
    return VICReg(encoder, projector=(32, 32), loss_weights=weights)


SOUND = {
    "simsiam": lambda encoder: simsiam(SimSiam, encoder),
    "byol": lambda encoder: byol(BYOL, encoder),
    "vicreg": vicreg,
}
COLLAPSING = {
    "simsiam without stop-gradient": lambda encoder: simsiam(WithoutStopGradient, encoder),
    "byol without predictor": lambda encoder: byol(WithoutPredictor, encoder),
    "vicreg without variance": lambda encoder: vicreg(encoder, variance=0.0),
}


def warned_of(method):
    """Trains for the first hundred steps under a monitor; returns what it warned of."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(STEPS // LOOKS * 32, 16)).astype("float32")
    noisy = [rows + 0.5 * rng.normal(size=rows.shape).astype("float32") for _ in range(2)]
    method.compile(keras.optimizers.SGD(0.3, momentum=0.9, global_clipnorm=1.0))
    monitor = CollapseMonitor([{"vectors": rows}])
    batch = {"vectors_1": noisy[0], "vectors_2": noisy[1]}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        method.fit(batch, batch_size=32, epochs=LOOKS, verbose=0, callbacks=[monitor])
    return [str(w.message) for w in caught if issubclass(w.category, CollapseWarning)]


@pytest.mark.parametrize("name", COLLAPSING)
def test_a_method_that_lacks_what_keeps_it_sound_is_found_out(name, encoder):
    assert any("projections" in text for text in warned_of(COLLAPSING[name](encoder)))


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_method_is_left_in_peace(name, encoder):
    assert warned_of(SOUND[name](encoder)) == []
