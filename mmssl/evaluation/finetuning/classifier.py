"""A classifier: an encoder with a linear layer on top, its training and its predictions."""

import keras
import numpy as np
import tensorflow as tf

from mmssl.evaluation.probes.features import embed_source
from mmssl.optimizers import adamw, warmup_cosine
from mmssl.pipelines.elements import mapped

WARMUP = 0.1  # fraction of the steps


def clone_encoder(encoder, trained=True):
    """Clones an encoder.

    Args:
        encoder: functional keras.Model.
        trained: whether to copy the weights; otherwise they are newly initialized, following
            `keras.utils.set_random_seed`.

    Returns:
        keras.Model, with all layers trainable.
    """
    copy = type(encoder).from_config(encoder.get_config())
    if trained:
        copy.set_weights(encoder.get_weights())
    copy.trainable = True
    return copy


def build_classifier(encoder, num_classes, probe=None):
    """Adds a linear layer to the embedding of an encoder, sharing the encoder's layers.

    Args:
        encoder: functional keras.Model with the output `embedding`.
        num_classes: 2 or more.
        probe: LinearProbe on these embeddings to initialize the layer from; None initializes it
            randomly. A fitted layer does not distort the encoder's features in the first steps
            (Kumar et al. 2022, arXiv 2202.10054).

    Returns:
        functional keras.Model from the encoder's inputs to float32 `probabilities` (B,
        num_classes)
        and `embedding` (B, D).
    """
    embedding = encoder.output["embedding"]
    head = keras.layers.Dense(num_classes, dtype="float32", name="logits")
    logits = head(embedding)
    if probe is not None:
        head.set_weights(_layer_of(probe))
    probabilities = keras.layers.Softmax(dtype="float32", name="probabilities")(logits)
    outputs = {"probabilities": probabilities, "embedding": embedding}
    return keras.Model(encoder.input, outputs, name="classifier")


def _layer_of(probe):
    """Kernel and bias of the layer that is equivalent to a probe with its standardization."""
    weights, bias = probe.weights, probe.bias
    if len(weights) == 1:
        # For two classes there is a single row, which scores the second one.
        weights, bias = np.stack([-weights[0], weights[0]]) / 2, np.array([-1, 1]) * bias[0] / 2
    kernel = (weights / probe.scale).T
    return [kernel, bias - probe.mean @ kernel]


def train_classifier(classifier, batches, steps, learning_rate, weight_decay=0.0, on_step=None):
    """Trains all layers of a classifier with AdamW, linear warmup and cosine decay to zero.

    Batch norms use batch statistics and update their moving ones: those from pretraining are of
    augmented views. With 600 labels this was better than freezing them.

    Args:
        classifier: keras.Model of `build_classifier`.
        batches: tf.data.Dataset of pairs of encoder inputs and class indices, `steps` or more.
        steps: 1 or more.
        learning_rate: the peak, after a tenth of the steps; above 0.
        weight_decay: decoupled, applied to kernels.
        on_step: None or function without arguments, called after each step.
    """
    logits = classifier.get_layer("logits").output
    model = keras.Model(classifier.input, logits)
    schedule = warmup_cosine(learning_rate, round(WARMUP * steps), steps)
    optimizer = adamw(model.trainable_variables, schedule, weight_decay, clip_norm=1.0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss)
    counter = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs=None: on_step and on_step()
    )
    model.fit(
        batches, epochs=1, steps_per_epoch=steps, verbose=0, shuffle=False, callbacks=[counter]
    )


def labeled_batches(classifier, data, source, codes, batch_size, steps, seed=0):
    """Builds batches of labeled items, reshuffled in each epoch and not augmented.

    Of a long recording, each epoch shows another part, see `Pipeline.excerpts`.

    Args:
        classifier: keras.Model that takes the inputs.
        data: Pipeline.
        source: Source of N items.
        codes: int array (N,) of their class indices.
        batch_size: items per batch, at most N.
        steps: number of batches.
        seed: of the order.

    Returns:
        tf.data.Dataset of pairs: dict of inputs, int32 (batch_size,).
    """
    rng, needed = np.random.default_rng(seed), steps * batch_size
    rounds = -(-needed // len(source))
    order = np.concatenate([rng.permutation(len(source)) for _ in range(rounds)])[:needed]
    targets = tf.data.Dataset.from_tensor_slices(np.asarray(codes, np.int32)[order])
    names = list(classifier.input)
    inputs = data.excerpts(source, order, batch_size, seed)
    inputs = mapped(inputs, lambda batch: {name: batch[name] for name in names})
    return tf.data.Dataset.zip(inputs, targets.batch(batch_size))


def classify(classifier, encoder, data, source):
    """Predicts the classes of the items of a source, of long recordings as a whole.

    Args:
        classifier: keras.Model of `build_classifier`.
        encoder: keras.Model that it was built on.
        data: Pipeline.
        source: Source of N items.

    Returns:
        int array (N,) of class indices.
    """
    embeddings = embed_source(encoder, data, source)
    return np.asarray(classifier.get_layer("logits")(embeddings)).argmax(axis=1)
