"""What pixels networks of pictures take, and the layers that give them these."""

import inspect
import sys
from dataclasses import dataclass
from typing import Literal, get_args

import keras
import numpy as np

from mmssl.encoders.parts.graph import inner_layers

Pixels = Literal["unit", "signed", "bytes", "imagenet", "caffe"]
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's pixels
CAFFE_MEAN = (103.939, 116.779, 123.68)  # of its bytes: blue, green, red
LARGEST_FOR_BYTES = 0.1  # scale of a first Rescaling that is made for bytes
PROBE = np.array([[[[255.0, 128.0, 0.0]]]])  # a pixel whose channels differ
UNNAMED = {"MobileNet": "mobilenet_", "MobileNetV2": "mobilenetv2_"}  # no default name


@dataclass(frozen=True)
class Scaling:
    """What a network takes: `scale * x + offset` of pixels x in [0, 1].

    Attributes:
        scale: one number, or one for each channel.
        offset: the same.
        reverse: whether its channels are blue, green and red.
    """

    scale: float | tuple[float, ...]
    offset: float | tuple[float, ...]
    reverse: bool = False

    def layers(self, images):
        """Applies it to a KerasTensor (B, H, W, 3) in [0, 1]: red, green and blue."""
        if self == SCALINGS["unit"]:
            return images
        if self.reverse:
            images = keras.ops.flip(images, axis=-1)
        scale, offset = (np.asarray(x, float).tolist() for x in (self.scale, self.offset))
        return keras.layers.Rescaling(scale, offset, name="pixels", dtype="float32")(images)

    def numbers(self, pixels):
        """Computes the same of an array (..., 3)."""
        pixels = pixels[..., ::-1] if self.reverse else pixels
        return np.multiply(self.scale, pixels) + self.offset


SCALINGS = {
    "unit": Scaling(1.0, 0.0),
    "signed": Scaling(2.0, -1.0),
    "bytes": Scaling(255.0, 0.0),
    "imagenet": Scaling(
        tuple(1 / d for d in DEVIATION),
        tuple(-m / d for m, d in zip(MEAN, DEVIATION, strict=True)),
    ),
    "caffe": Scaling(255.0, tuple(-m for m in CAFFE_MEAN), reverse=True),
}


def scaling_of(model):
    """Finds out what pixels a model takes, from its first layers and its name.

    Args:
        model: keras.Model of pictures.

    Returns:
        Scaling.

    Raises:
        ValueError: they do not tell.
    """
    layers = inner_layers(model)
    kinds = keras.layers.Rescaling | keras.layers.Normalization
    scales = [layer for layer in layers if isinstance(layer, kinds)]
    if scales and layers[0] is scales[0] and _takes_bytes(layers[0]):
        return SCALINGS["bytes"]
    scaling = _of_application(model.name)
    # A network that is known to scale bytes itself, but lacks these layers, takes something else.
    if scaling is None or (scaling == SCALINGS["bytes"] and not scales):
        raise ValueError(
            f"adapt(pixels=...) must say what pixels {model.name} takes, since it does not tell: "
            f"{', '.join(get_args(Pixels))}."
        )
    return scaling


def _takes_bytes(layer):
    return isinstance(layer, keras.layers.Rescaling) and np.max(layer.scale) < LARGEST_FOR_BYTES


def _of_application(name):
    """The Scaling of a network of keras.applications, by the name that it gives to its model."""
    for builder in filter(inspect.isfunction, vars(keras.applications).values()):
        known = inspect.signature(builder).parameters["name"].default
        prefix = UNNAMED.get(builder.__name__)
        if name == known or (prefix and name.startswith(prefix)):
            return application_scaling(builder)
    return None


def application_scaling(builder):
    """Returns the Scaling that a function of keras.applications has with its default arguments."""
    found = sys.modules[builder.__module__].preprocess_input(PROBE.astype("float32"))
    near = (s for s in SCALINGS.values() if np.allclose(s.numbers(PROBE / 255), found, atol=1e-3))
    return next(near)
