"""Example inputs: generated for an encoder, checked against it, and varied in shape."""

import keras
import numpy as np

from mmssl.deploy.signatures import named_inputs

_BATCH = 3
_LENGTH = 32
_SIDE = 64


def example_inputs(encoder, sample_rate=8000):
    """Generates a deterministic batch that fits the inputs of an encoder, without any data.

    Args:
        encoder: `keras.Model` with named inputs out of `images`, `frames`, `waveform`, `token_ids`,
            `padding_mask`, `codes`, `upper_codes`, `numbers`, `present`, `categories`, and
            WaveNet's `speaker` and `log_mel`.
        sample_rate: Samples per second of the waveform, which lasts two seconds if the encoder
            accepts any length.

    Returns:
        Dict of NumPy arrays by input name, three examples each; with a `padding_mask`, the second
        and third example are padded by a quarter and by half.

    Raises:
        ValueError: An input has a name that mmssl does not know.
    """
    specs = named_inputs(encoder)
    makers = {
        "images": _images,
        "frames": _frames,
        "waveform": lambda shape: _waveform(shape, sample_rate),
        "token_ids": lambda shape: _token_ids(shape, encoder),
        "codes": lambda shape: _codes(shape, encoder),
        "upper_codes": lambda shape: _codes(shape, encoder),
        "numbers": _numbers,
        "present": _present,
        "categories": lambda shape: _categories(encoder),
        "speaker": lambda shape: np.zeros(_BATCH, "int32"),
        "log_mel": lambda shape: _log_mel(shape, encoder, sample_rate),
    }
    unknown = sorted(set(specs) - set(makers) - {"padding_mask"})
    if unknown:
        raise ValueError(
            f"No example can be generated for the input {unknown[0]!r}: the known ones are "
            f"{sorted([*makers, 'padding_mask'])}. Pass example=... with your own arrays."
        )
    example = {name: makers[name](specs[name].shape) for name in specs if name in makers}
    if "padding_mask" in specs:
        name = next(name for name in ("waveform", "token_ids") if name in example)
        mask = _padding_mask(example[name].shape[1])
        example[name] = example[name] * mask.astype(example[name].dtype)
        example["padding_mask"] = mask
    return example


def check_example(encoder, example):
    """Checks an example against the inputs of an encoder and casts it to their dtypes.

    Args:
        encoder: `keras.Model` with named inputs.
        example: Dict of arrays by input name, one example or more along the first axis.

    Returns:
        Dict of NumPy arrays in the order and with the dtypes of the encoder's inputs.

    Raises:
        ValueError: A name is missing or unknown, a shape does not fit, or the batch is empty.
    """
    specs = named_inputs(encoder)
    if set(example) != set(specs):
        raise ValueError(
            f"The example holds {sorted(example)}, but the encoder takes {sorted(specs)}."
        )
    arrays = {name: np.asarray(example[name], spec.dtype) for name, spec in specs.items()}
    for name, spec in specs.items():
        if not _fits(arrays[name].shape, spec.shape):
            raise ValueError(
                f"The example's {name!r} has shape {arrays[name].shape}, but the encoder takes "
                f"{tuple(spec.shape)} (None: any) with at least one example."
            )
    batches = {name: len(array) for name, array in arrays.items()}
    if len(set(batches.values())) > 1:
        raise ValueError(f"The example's inputs differ in their number of examples: {batches}.")
    return arrays


def variants(encoder, example):
    """Varies an example along the axes that are dynamic in the encoder: batch size and length.

    Args:
        encoder: `keras.Model` with named inputs.
        example: Dict of NumPy arrays returned by `check_example`.

    Returns:
        List of such dicts: the whole batch, its first example alone, and, if the length is
        dynamic, both truncated to shorter lengths.
    """
    found = [example, {name: array[:1] for name, array in example.items()}]
    dynamic = [name for name, spec in named_inputs(encoder).items() if spec.shape[1:] == (None,)]
    if not dynamic:
        return found
    length = example[dynamic[0]].shape[1]
    # Odd lengths too, so that the last window of a strided layer is incomplete.
    for batch, keep in ((example, length - length // 4 - 1), (found[1], length - length // 3)):
        if keep > 0:
            found.append(
                {n: array[:, :keep] if n in dynamic else array for n, array in batch.items()}
            )
    return found


def _fits(shape, spec):
    return (
        len(shape) == len(spec)
        and shape[0] > 0
        and all(want in (None, have) for have, want in zip(shape, spec, strict=True))
    )


def _images(shape):
    _, height, width, channels = (side or _SIDE for side in shape)
    rows, columns = np.mgrid[0:height, 0:width]
    waves = [
        np.sin(rows * 0.3 * (1 + example) + channel) * np.cos(columns * 0.2 + example)
        for example in range(_BATCH)
        for channel in range(channels)
    ]
    images = np.reshape(waves, (_BATCH, channels, height, width)).transpose(0, 2, 3, 1)
    return (0.5 + 0.5 * images).astype("float32")


def _frames(shape):
    """Pictures that move to the right, by a pixel a frame."""
    images = _images((shape[0], *shape[2:]))
    return np.stack([np.roll(images, frame, axis=2) for frame in range(shape[1])], axis=1)


def _waveform(shape, sample_rate):
    seconds = np.arange(shape[1] or 2 * sample_rate) / sample_rate
    noise = np.random.default_rng(0).normal(size=(_BATCH, len(seconds)))
    tones = [np.sin(2 * np.pi * pitch * seconds) for pitch in (220.0, 330.0, 440.0)]
    return (0.4 * np.stack(tones) + 0.05 * noise).clip(-1, 1).astype("float32")


def _token_ids(shape, encoder):
    layers = encoder._flatten_layers()
    longest = [layer.sequence_length for layer in layers if hasattr(layer, "sequence_length")]
    length = shape[1] or min([_LENGTH, *longest])
    draw = np.random.default_rng(0)
    return draw.integers(1, _vocabulary_size(encoder), size=(_BATCH, length), dtype="int32")


def _log_mel(shape, encoder, sample_rate):
    frames = -(-2 * sample_rate // encoder.get_layer("upsampling").hop)
    return np.random.default_rng(0).uniform(0, 1, (_BATCH, frames, shape[2])).astype("float32")


def _numbers(shape):
    return np.random.default_rng(0).normal(size=(_BATCH, shape[1])).astype("float32")


def _present(shape):
    return np.arange(_BATCH * shape[1], dtype="int32").reshape(_BATCH, -1) % 4 // 2


def _categories(encoder):
    sizes = encoder.get_layer("values").categories
    return np.arange(_BATCH, dtype="int32")[:, np.newaxis] % np.array(sizes, "int32")


def _padding_mask(length):
    kept = np.array([[length], [length - length // 4], [length - length // 2]])
    return (np.arange(length) < kept).astype("int32")


def _vocabulary_size(encoder):
    # The token embedding is the largest table; the others embed positions or segments. Beside codes
    # it may be the smaller one.
    choose = min if "codes" in named_inputs(encoder) else max
    return choose(_tables(encoder), default=2)


def _codes(shape, encoder):
    most = min(_tables(encoder), default=2)
    return np.random.default_rng(1).integers(0, most, (_BATCH, *shape[1:]), dtype="int32")


def _tables(encoder):
    """Numbers of rows of the tables that an encoder looks ids up in."""
    layers = encoder._flatten_layers()
    return [layer.input_dim for layer in layers if isinstance(layer, keras.layers.Embedding)]
