"""Opening a model that is given by name, by file or by folder."""

import difflib
import inspect
from pathlib import Path

import keras
import keras_hub

from mmssl.encoders.parts.pixels import SCALINGS, Scaling
from mmssl.encoders.parts.saved import read_model

BUILDERS = {"keras.applications": keras.applications, "keras_hub.models": keras_hub.models}
_FILES = (".keras", ".h5", ".hdf5")
REMEDY = "restore it from a copy"


def opened(model, arguments, size):
    """Opens a model; nothing is downloaded but what the arguments of a builder ask for.

    Args:
        model: keras.Model, name of a builder such as `"keras.applications.ResNet50V2"`, or path of
            a `.keras` file or of the folder of a KerasHub preset.
        arguments: None, or dict of arguments of the builder.
        size: height and width of its pictures in pixels, or None.

    Returns:
        Pair of the keras.Model and its Scaling, None where that is not known.

    Raises:
        ValueError: there is no such model, it cannot be read or built, or arguments are given for
            a model that is not built.
    """
    package = str(model).rpartition(".")[0]
    if not isinstance(model, keras.Model) and package in BUILDERS:
        return _built(model, package, dict(arguments or {}), size)
    if arguments:
        raise ValueError(
            "adapt(arguments=...) are those of a builder such as keras.applications.ResNet50V2, "
            f"but the model is {getattr(model, 'name', model)}."
        )
    if isinstance(model, keras.Model):
        return model, None
    if not isinstance(model, str | Path):
        raise ValueError(f"adapt(model=...) must be a keras.Model or a str; got {model!r}.")
    path = Path(model).expanduser()
    if path.is_dir():
        return _preset(path)
    if path.suffix in _FILES and path.exists():
        return read_model(path, REMEDY), None
    raise ValueError(
        f"adapt(model={str(model)!r}) finds nothing: give a .keras file, the folder of a KerasHub "
        "preset, or a name such as keras.applications.ResNet50V2 or keras_hub.models.ViTBackbone."
    )


def _built(name, package, arguments, size):
    module, own = BUILDERS[package], name.rpartition(".")[2]
    is_builder = inspect.isfunction if package == "keras.applications" else _is_backbone
    builders = {key: value for key, value in vars(module).items() if is_builder(value)}
    if own not in builders:
        near = difflib.get_close_matches(own, builders, n=3) or sorted(builders)[:3]
        raise ValueError(
            f"adapt(model={name!r}): {package} builds no such network; near are {', '.join(near)}."
        )
    builder, scaling = builders[own], SCALINGS["signed"]
    side = (size, size, 3)
    if package == "keras.applications":
        scaling = None  # which its layers and its name tell
        arguments = {"include_top": False, "weights": None, "input_shape": side} | arguments
    elif "image_shape" in inspect.signature(builder).parameters:
        arguments = {"image_shape": side} | arguments
    try:
        return builder(**arguments), scaling
    except Exception as error:  # wrong arguments, and downloads that fail, raise many kinds
        raise ValueError(f"{name} cannot be built: {_words(error)}") from None


def _is_backbone(value):
    return inspect.isclass(value) and issubclass(value, keras_hub.models.Backbone)


def _preset(path):
    if not (path / "config.json").is_file():
        raise ValueError(
            f"{path} is not the folder of a KerasHub preset, which has a config.json: "
            "backbone.save_to_preset(folder) writes one. Runs are for mmssl.encoders.load_encoder."
        )
    # Absolute, or a folder with the name of a published preset would be downloaded instead.
    place = str(path.resolve())
    try:
        backbone = keras_hub.models.Backbone.from_preset(place, dtype=keras.config.dtype_policy())
        return backbone, _converted(path, place)
    except Exception as error:  # what a damaged folder raises is without number
        raise ValueError(f"{path} cannot be read as a KerasHub preset: {_words(error)}") from None


def _converted(path, place):
    """The Scaling of a preset's converter of images, None if it has none."""
    if not (path / "image_converter.json").is_file():
        return None
    converter = keras_hub.layers.ImageConverter.from_preset(place)
    scale = 1.0 if converter.scale is None else converter.scale
    offset = 0.0 if converter.offset is None else converter.offset
    as_numbers = keras.ops.convert_to_numpy
    return Scaling(_flat(as_numbers(scale) * 255), _flat(as_numbers(offset)))


def _flat(array):
    return float(array) if array.size == 1 else tuple(array.ravel().tolist())


def _words(error):
    return " ".join(str(error).split()) or type(error).__name__
