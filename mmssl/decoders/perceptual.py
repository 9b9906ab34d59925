"""Fixed networks, in whose features pictures are compared."""

from pathlib import Path

import keras
import numpy as np

from mmssl.encoders import adapt, blocks
from mmssl.encoders.parts.graph import inner_layers

SEED = 0  # of the weights that are never trained


def perceptual_network(size: int, channels: tuple[int, ...] = (16, 32, 64)) -> keras.Model:
    """Builds a small network whose weights are drawn once and for all.

    Random filters already tell edges and textures from noise (Ulyanov, Vedaldi, Lempitsky 2018,
    arXiv 1711.10925; Saxe et al. 2011), and need no weights from elsewhere.

    Args:
        size: height and width of the images in pixels.
        channels: width of each 3x3 convolution; all but the first halve the size.

    Returns:
        keras.Model, not trainable, from float32 (B, size, size, 3) in [0, 1] to a dict of maps
        (B, H, W, C), one a convolution, after its ReLU, by the name of its layer.

    Raises:
        ValueError: there are no channels.
    """
    if not channels or min(channels) < 1:
        raise ValueError(
            f"perceptual_network(channels={tuple(channels)}) needs widths of 1 or more."
        )
    images = keras.Input((size, size, 3), dtype="float32")
    x, maps = keras.layers.Rescaling(2.0, -1.0)(images), {}
    for number, width in enumerate(channels, start=1):
        strides = 1 if number == 1 else 2
        options = {"padding": "same", "activation": "relu", "name": f"block_{number}"}
        x = maps[options["name"]] = keras.layers.Conv2D(width, 3, strides, **options)(x)
    network = keras.Model(images, maps, name="perceptual_network")
    draws = np.random.default_rng(SEED)  # the same on every backend
    network.set_weights([_drawn(draws, w.shape) for w in network.weights])
    network.trainable = False
    return network


def _drawn(draws, shape):
    """Draws a kernel as He et al. 2015 do; biases are zeros."""
    if len(shape) == 1:
        return np.zeros(shape, "float32")
    return draws.normal(scale=np.sqrt(2 / np.prod(shape[:-1])), size=shape).astype("float32")


def saved_perceptual_network(path: str, size: int, layers: tuple[str, ...] = ()) -> keras.Model:
    """Loads a network of pictures from the disk, to compare pictures in its features.

    Args:
        path: `.keras` file of any Keras model of pictures, such as a network of keras.applications
            or an encoder of mmssl, or the folder of a preset of KerasHub. Nothing is downloaded.
        size: height and width of the images in pixels.
        layers: names of those whose maps are compared; none for the blocks of an encoder of mmssl,
            and for the last map of each size of any other network.

    Returns:
        keras.Model, not trainable, from float32 (B, size, size, 3) in [0, 1] to a dict of maps
        (B, H, W, C) by the names of their layers.

    Raises:
        ValueError: there is no such file, it cannot be read, it is no network of pictures, or it
            has no such layers.
    """
    if not Path(path).expanduser().exists():
        raise ValueError(
            f"method.perceptual={path!r} is no file: give the .keras file of a network of "
            "pictures, as model.save(...) writes it, or leave it out for the small fixed one."
        )
    encoder = adapt(path, size=size)
    names = layers or tuple(blocks(encoder)) or tuple(_last_of_each_size(encoder))
    known = {layer.name for layer in inner_layers(encoder)}
    missing = [name for name in names if name not in known]
    if missing or "images" not in encoder.input:
        raise ValueError(
            f"method.perceptual_layers: {path} has no layers {', '.join(missing)} of pictures."
        )
    maps = {name: encoder.get_layer(name).output for name in names}
    flat = [name for name, x in maps.items() if len(x.shape) != 4]
    if flat:
        raise ValueError(
            f"method.perceptual_layers: {', '.join(flat)} of {path} are no maps (B, H, W, C)."
        )
    network = keras.Model(encoder.input["images"], maps, name="perceptual_network")
    network.trainable = False
    return network


def _last_of_each_size(encoder):
    """Names the last layer of each size of map, from the largest to the smallest."""
    last = {}
    for layer in inner_layers(encoder):
        output = layer.output
        if isinstance(output, keras.KerasTensor) and len(output.shape) == 4 and layer.weights:
            last[output.shape[1]] = layer.name
    return last.values()
