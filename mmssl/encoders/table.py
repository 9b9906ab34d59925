"""Dense layers over the columns of a table."""

from typing import Literal

import keras

from mmssl.choices import check_choices
from mmssl.layers import TableValues


def table_encoder(
    numbers: int = 5,
    categories: tuple[int, ...] = (9, 7, 4),
    widths: tuple[int, ...] = (256, 256, 256, 256),
    activation: Literal["relu", "tanh", "sigmoid", "linear"] = "relu",
) -> keras.Model:
    """Builds a multilayer perceptron over numbers, their gaps, and categories as one-hot vectors.

    The first layer's weights are a vector for each category, so that it embeds them.

    Args:
        numbers: columns of numbers, 0 or more; it follows the data.
        categories: codes of each column of categories, each 2 or more; they follow the data.
        widths: units of each layer, which is one block.
        activation: of every layer.

    Returns:
        keras.Model from `numbers` float32 (B, F), standardized, `present` int32 (B, F), 1 where
        there is a number and 0 for gaps, and `categories` int32 (B, G), codes below those of
        `categories`, to `features` and `embedding` (B, widths[-1]), which are the same. Without
        such columns there are no such inputs.

    Raises:
        ValueError: there is no column or no layer, a number is out of range, or the activation is
            unknown.
    """
    check_choices(table_encoder, activation=activation)
    if numbers < 0 or min(categories, default=2) < 2 or not (numbers or categories):
        raise ValueError(
            "table_encoder(numbers=..., categories=...) must be 0 or more columns of numbers, and "
            f"2 or more codes of each other column, one in all; got {numbers} and "
            f"{tuple(categories)}."
        )
    if not widths or min(widths) < 1:
        raise ValueError(f"table_encoder(widths=...) must be one or more, from 1; got {widths}.")
    inputs = {}
    if numbers:
        inputs["numbers"] = keras.Input((numbers,), dtype="float32", name="numbers")
        inputs["present"] = keras.Input((numbers,), dtype="int32", name="present")
    if categories:
        inputs["categories"] = keras.Input((len(categories),), dtype="int32", name="categories")
    x = TableValues(categories, name="values", dtype="float32")(inputs)
    first = "he_normal" if activation == "relu" else "glorot_uniform"
    for number, width in enumerate(widths, start=1):
        name = f"block_{number}"
        x = keras.layers.Dense(width, activation=activation, kernel_initializer=first, name=name)(x)
    embedding = keras.layers.Flatten(name="pool", dtype="float32")(x)
    return keras.Model(inputs, {"features": x, "embedding": embedding}, name="table_encoder")
