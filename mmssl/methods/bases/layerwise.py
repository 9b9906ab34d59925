"""Methods that train the layers of a dense encoder one after the other."""

import keras

from mmssl.encoders import blocks


class Layerwise:
    """Mixin of a method whose training comes in stages, each of which trains a part of it.

    All weights are there in every stage, so that the checkpoint of one begins the next; a run of
    stage s first trains the stages before it in folders of their own (see
    `mmssl.training.iterations`). What a stage does not train stays as it is bit by bit.
    """

    def train_only(self, layers):
        """Lets no variable be trained but those of some layers.

        Args:
            layers: list of layers and variables.
        """
        kept = {id(v) for layer in layers for v in getattr(layer, "variables", [layer])}
        for variable in self.trainable_variables:
            variable.trainable = id(variable) in kept


def dense_layers(method, encoder):
    """Returns the layers of an encoder that are trained one after the other.

    Args:
        method: str, name of the method.
        encoder: keras.Model.

    Returns:
        list of keras.layers.Dense, first to last.

    Raises:
        ValueError: its blocks are no dense layers.
    """
    layers = [encoder.get_layer(name) for name in blocks(encoder)]
    if not layers or not all(isinstance(layer, keras.layers.Dense) for layer in layers):
        raise ValueError(
            f"{method}(encoder=...) trains the layers of a dense_encoder, not of {encoder.name}."
        )
    return layers


def check_stage(method, stage, last):
    """Raises a ValueError unless a method has a stage of that number.

    Args:
        method: str, name of the method.
        stage: int.
        last: int, number of its last stage.
    """
    if not 1 <= stage <= last:
        raise ValueError(f"{method}(stage={stage}) must be from 1 to {last}, its last stage.")


def below(encoder, layer):
    """Returns the part of an encoder before one of its layers: a keras.Model."""
    return keras.Model(encoder.input, layer.input, name=f"below_{layer.name}")
