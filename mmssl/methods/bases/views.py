"""The views of a joint-embedding batch."""


def views(batch, encoder, count=None):
    """Parts a batch into its views, each a dict of what the encoder takes.

    A batch holds every input of the encoder once a view, numbered from 1: `images_1` and
    `images_2`, or `waveform_1` with `padding_mask_1` and so on.

    Args:
        batch: dict of tensors.
        encoder: functional keras.Model with named inputs.
        count: how many views there must be; None for two or more.

    Returns:
        list of dicts of encoder inputs.

    Raises:
        ValueError: there are others than that.
    """
    found = []
    while all(f"{name}_{len(found) + 1}" in batch for name in encoder.input):
        number = len(found) + 1
        found.append({name: batch[f"{name}_{number}"] for name in encoder.input})
    if len(found) != count if count else len(found) < 2:
        raise ValueError(
            f"The batch holds {', '.join(sorted(batch))}: {len(found)} views of "
            f"{' and '.join(encoder.input)}, numbered from _1, and {count or 'two or more'} are "
            "wanted."
        )
    return found
