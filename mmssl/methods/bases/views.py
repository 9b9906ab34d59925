"""The views of a joint-embedding batch."""


def views(batch, encoder, count=None):
    """Splits a batch into its views, each a dict of the encoder's inputs.

    A batch holds every input of the encoder once per view, numbered from 1: `images_1` and
    `images_2`, or `waveform_1` with `padding_mask_1` and so on.

    Args:
        batch: dict of tensors.
        encoder: functional keras.Model with named inputs.
        count: required number of views; None for two or more.

    Returns:
        list of dicts of encoder inputs.

    Raises:
        ValueError: the batch has another number of views.
    """
    found = []
    while all(f"{name}_{len(found) + 1}" in batch for name in encoder.input):
        number = len(found) + 1
        found.append({name: batch[f"{name}_{number}"] for name in encoder.input})
    if len(found) != count if count else len(found) < 2:
        raise ValueError(
            f"The batch must have {count or 'two or more'} views of {' and '.join(encoder.input)}, "
            f"numbered from _1; got {len(found)} in {', '.join(sorted(batch))}."
        )
    return found
