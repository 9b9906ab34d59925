"""Encoders of clips that see each frame by itself."""

from typing import Literal

import keras

from mmssl.choices import check_choices
from mmssl.encoders.parts.stages import at_size
from mmssl.encoders.small_conv import small_conv_encoder
from mmssl.layers.frames import FramesAsImages, ImagesAsFrames

_PREFIX = "frame_"  # of the layers that see a frame


def frame_encoder(
    size: int = 32,
    frames: int = 8,
    pool: Literal["mean", "concatenate"] = "mean",
    encoder: keras.Model | None = None,
) -> keras.Model:
    """Builds an encoder of clips around one of pictures, which embeds the frames one by one.

    Args:
        size: height and width of the frames in pixels.
        frames: frames of a clip.
        pool: the embedding is the `mean` of the frames' vectors, by which their order is lost, or
            they are put side by side, in order (`concatenate`).
        encoder: keras.Model of `images` (B, S, S, 3), which is copied with its weights; one of a
            run comes by `mmssl.encoders.load_encoder`. None for `small_conv_encoder` with
            channels 32, 64, 128 and strides of 2.

    Returns:
        keras.Model from `frames` float32 (B, frames, size, size, 3) in [0, 1] to `features`
        (B, frames, D), the embedding of each frame, and `embedding` (B, D) or, where they are put
        side by side, (B, frames * D). It has one block.

    Raises:
        ValueError: an argument is out of range, or the encoder does not fit.
    """
    check_choices(frame_encoder, pool=pool)
    if frames < 1:
        raise ValueError(f"frame_encoder(frames={frames}) must be 1 or more.")
    if encoder is None:
        encoder = small_conv_encoder(size, (32, 64, 128), (2, 2, 2))
    if list(encoder.input) != ["images"] or encoder.input["images"].shape[-1] != 3:
        raise ValueError(
            "frame_encoder(encoder=...) must be an encoder of `images` with three channels; got "
            f"{encoder.name}."
        )
    clips = keras.Input((frames, size, size, 3), dtype="float32", name="frames")
    images = FramesAsImages(name="images", dtype="float32")(clips)
    of_frame = keras.models.clone_model(at_size(encoder, size), clone_function=_renamed)
    _copy_weights(encoder, of_frame)
    vectors = of_frame.call({"images": images})["embedding"]
    features = ImagesAsFrames(frames, name="block_1", dtype="float32")(vectors)
    kind = keras.layers.GlobalAveragePooling1D if pool == "mean" else keras.layers.Flatten
    embedding = kind(name="pool", dtype="float32")(features)
    whole = keras.Model(
        {"frames": clips}, {"features": features, "embedding": embedding}, name="frame_encoder"
    )
    # Of layers that are called once, so that any of their outputs can be taken.
    copy = keras.models.clone_model(whole)
    _copy_weights(whole, copy)
    return copy


def of_frames(encoder: keras.Model) -> keras.Model:
    """Takes the encoder of pictures out of one of clips; its layers are copied with their weights.

    Args:
        encoder: keras.Model of `frame_encoder`.

    Returns:
        keras.Model from `images` float32 (B, size, size, 3) in [0, 1] to `features` and
        `embedding`, as it was given to `frame_encoder`.

    Raises:
        ValueError: it is another encoder, or the one of pictures has no pooling named `pool`.
    """
    names = {layer.name for layer in encoder.layers}
    if not {"images", "block_1", f"{_PREFIX}pool"} <= names:
        raise ValueError(
            f"of_frames(encoder=...) takes an encoder of frame_encoder; {encoder.name} is another."
        )
    start = encoder.get_layer("images").output
    embedding = encoder.get_layer("block_1").input
    features = encoder.get_layer(f"{_PREFIX}pool").input
    part = keras.Model([start], {"features": features, "embedding": embedding})
    images = keras.Input(start.shape[1:], dtype="float32", name="images")
    copy = keras.models.clone_model(part, input_tensors=[images], clone_function=_named_back)
    copy = keras.Model({"images": images}, copy.output, name="images_encoder")
    _copy_weights(part, copy)
    return copy


def _renamed(layer):
    return type(layer).from_config({**layer.get_config(), "name": f"{_PREFIX}{layer.name}"})


def _named_back(layer):
    name = layer.name.removeprefix(_PREFIX)
    return type(layer).from_config({**layer.get_config(), "name": name})


def _copy_weights(source, target):
    for variable, value in zip(target.weights, source.weights, strict=True):
        variable.assign(value)
