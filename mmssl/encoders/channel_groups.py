"""Encoders side by side, each of which sees some channels of the same picture."""

import itertools
from typing import Literal

import keras

from mmssl.choices import check_choices
from mmssl.encoders.parts.blocks import blocks
from mmssl.encoders.parts.stages import at_size
from mmssl.encoders.small_conv import small_conv_encoder
from mmssl.layers.channels import COLORS, LabChannels, SplitChannels, TakeChannels

FEATURES = "features"  # the last concatenation, where it is not that of the last blocks


def channel_group_encoder(
    size: int = 28,
    image_channels: int = 3,
    groups: tuple[tuple[int, ...], ...] = ((0,), (1, 2)),
    space: Literal["lab", "rgb"] = "lab",
    encoder: keras.Model | None = None,
) -> keras.Model:
    """Builds one encoder a group of channels, and concatenates what they compute, block by block.

    No group sees another's channels before the last concatenation, so a method may predict one
    from the other. An encoder takes three channels: of a group with fewer, the first ones are
    repeated, so that lightness is a gray picture.

    Args:
        size: height and width of the images in pixels.
        image_channels: channels of the images, 3 or more: red, green, blue, and others such as
            depth, all in [0, 1].
        groups: channels of each group, one to three of them; the parts of the images that each
            encoder sees.
        space: what the first three channels are made into: L, a and b of `lab`, scaled as by
            `mmssl.layers.LabChannels`, or `rgb` as they are.
        encoder: keras.Model of `images` (B, S, S, 3), whose architecture every group gets, with
            first weights of its own; each of its blocks must see the one before it alone. None for
            `small_conv_encoder(channels=[16, 32, 64, 64])`.

    Returns:
        keras.Model from `images` float32 (B, size, size, image_channels) in [0, 1] to `features`
        and `embedding` of the given encoder, with as many channels for each group, those of the
        first group first. So are its blocks.

    Raises:
        ValueError: a group is empty or too large, a channel does not exist, or the encoder does
            not fit.

    Reference:
        Tian, Krishnan, Isola 2019, arXiv 1906.05849; Zhang, Isola, Efros 2016, arXiv 1611.09842.
    """
    check_choices(channel_group_encoder, space=space)
    _check_groups(image_channels, groups)
    encoder = small_conv_encoder(channels=(16, 32, 64, 64)) if encoder is None else encoder
    _check_encoder(encoder)
    names = _ends(encoder)
    images = keras.Input((size, size, image_channels), dtype="float32", name="images")
    colors = LabChannels(name="lab", dtype="float32")(images) if space == "lab" else images
    parts = [
        TakeChannels(_three(group), name=f"group_{number}", dtype="float32")(colors)
        for number, group in enumerate(groups, start=1)
    ]
    resized = at_size(encoder, size)
    halves = [_segments(resized, names, f"group_{n}_") for n in range(1, len(groups) + 1)]
    for name, *segments in zip(names, *halves, strict=True):
        outputs = [segment.call(x) for segment, x in zip(segments, parts, strict=True)]
        joined = keras.layers.Concatenate(name=name)(outputs)
        widths = [x.shape[-1] for x in outputs]
        parts = SplitChannels(widths, name=f"{name}_groups")(joined)
    embedding = _pool(encoder)(joined)
    return keras.Model(
        {"images": images}, {"features": joined, "embedding": embedding}, name="channel_groups"
    )


def channel_groups(encoder):
    """Tells which channels each group of an encoder of `channel_group_encoder` sees.

    Args:
        encoder: keras.Model.

    Returns:
        Pair of bool, whether the first three channels are L, a and b of Lab, and a list of tuples
        of channels, one a group.

    Raises:
        ValueError: the encoder has no groups.
    """
    names = _names_with_groups(encoder)
    numbers = itertools.takewhile(lambda n: f"group_{n}" in names, itertools.count(1))
    layers = [encoder.get_layer(f"group_{number}") for number in numbers]
    return "lab" in names, [tuple(dict.fromkeys(layer.channels)) for layer in layers]


def group_encoders(encoder):
    """Takes an encoder of `channel_group_encoder` apart; the layers are shared, not copied.

    Args:
        encoder: keras.Model.

    Returns:
        list of keras.Model with the same inputs, one a group, to its own `features` and
        `embedding`.

    Raises:
        ValueError: the encoder has no groups.
    """
    names = _names_with_groups(encoder)
    last = FEATURES if FEATURES in names else blocks(encoder)[-1]
    return [
        keras.Model(
            encoder.input, {"features": x, "embedding": _pool(encoder, f"pool_{number}")(x)}
        )
        for number, x in enumerate(encoder.get_layer(last).input, start=1)
    ]


def _names_with_groups(encoder):
    names = {layer.name for layer in encoder.layers}
    if "group_1" not in names:
        raise ValueError(
            "A method of groups of channels needs an encoder for each of them, as of "
            f"mmssl.encoders.channel_group_encoder; {encoder.name} has none."
        )
    return names


def _pool(encoder, name="pool"):
    """A layer that pools as the encoder does."""
    pool = encoder.get_layer("pool")
    return type(pool).from_config({**pool.get_config(), "name": name})


def _three(group):
    """The three channels that an encoder is shown of a group."""
    return tuple(group[i % len(group)] for i in range(COLORS))


def _ends(encoder):
    """The names of the layers that end an encoder's segments."""
    last = encoder.get_layer(blocks(encoder)[-1]).output
    return blocks(encoder) + ([FEATURES] if encoder.output["features"] is not last else [])


def _segments(encoder, names, prefix):
    """Copies an encoder under other names, with new weights, as models from block to block."""

    def renamed(layer):
        return type(layer).from_config({**layer.get_config(), "name": prefix + layer.name})

    copy = keras.models.clone_model(encoder, clone_function=renamed)
    ends = [copy.get_layer(prefix + name).output for name in names if name != FEATURES]
    if FEATURES in names:
        ends.append(copy.output["features"])
    starts = [copy.input["images"], *ends]
    try:
        return [keras.Model(x, y) for x, y in zip(starts, ends, strict=False)]
    except ValueError:
        raise ValueError(
            f"channel_group_encoder(encoder=...): a block of {encoder.name} sees more than the "
            "block before it."
        ) from None


def _check_groups(channels, groups):
    if channels < COLORS:
        raise ValueError(
            f"channel_group_encoder(image_channels={channels}) must be {COLORS} or more."
        )
    if len(groups) < 2 or not all(1 <= len(group) <= COLORS for group in groups):
        raise ValueError(
            "channel_group_encoder(groups=...) must be two or more groups, each of one to "
            f"{COLORS} channels; got {groups}."
        )
    if not all(0 <= channel < channels for group in groups for channel in group):
        raise ValueError(
            f"channel_group_encoder(groups={groups}) names a channel beyond the {channels}, which "
            "are numbered from 0."
        )


def _check_encoder(encoder):
    there = isinstance(encoder.output, dict) and blocks(encoder)
    if not there or list(encoder.input) != ["images"] or encoder.input["images"].shape[-1] != 3:
        raise ValueError(
            "channel_group_encoder(encoder=...) must be an encoder of `images` with three channels "
            f"and with blocks, as of mmssl.encoders; got {encoder.name}."
        )
