"""Filling in [MASK] in a text."""

import numpy as np
from keras import ops
from rich.console import Console
from rich.table import Table

from mmssl.methods.bert import BERT


def fill_mask(run, text, top=5):
    """Predicts the token at each [MASK] with a masked language model.

    Args:
        run: Run of a recipe whose method is BERT.
        text: str with one or more `[MASK]`.
        top: predictions per mask, at least 1.

    Returns:
        list, one entry per mask, of lists of (token, probability), most likely first.

    Raises:
        ValueError: the run is of another method, or the text has no [MASK] or too many tokens.
    """
    method = run.method(BERT)
    inputs = run.data.encode([text], masks=True)
    masks = np.flatnonzero(inputs["token_ids"][0] == run.data.tokenizer.specials.mask)
    if len(masks) < text.count("[MASK]") or not len(masks):
        raise ValueError(
            f"The text has {text.count('[MASK]')} [MASK], {len(masks)} of them among its first "
            f"{run.data.length} tokens; all must be there, and there must be one: {text!r}."
        )
    batch = {**inputs, "masked_positions": masks[None].astype("int32")}
    batch = {name: ops.convert_to_tensor(value) for name, value in batch.items()}
    probabilities = ops.convert_to_numpy(ops.softmax(method(batch)["token_logits"][0], axis=-1))
    best = np.argsort(-probabilities, axis=-1)[:, :top]
    return [
        [(run.data.tokenizer.vocabulary[i], float(row[i])) for i in chosen]
        for row, chosen in zip(probabilities, best, strict=True)
    ]


def print_fills(fills):
    """Prints a table of the predictions returned by `fill_mask`."""
    table = Table("mask", "token", "probability")
    for number, answers in enumerate(fills, start=1):
        for token, probability in answers:
            table.add_row(str(number), token, f"{probability:.3f}")
        table.add_section()
    Console().print(table)
