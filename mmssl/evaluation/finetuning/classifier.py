"""An encoder with a linear layer on top: built, trained on labels, asked for classes."""

import keras
import numpy as np
import tensorflow as tf

from mmssl.optimizers import adamw, warmup_cosine

WARMUP = 0.1  # of all steps


def clone_encoder(encoder, trained=True):
    """Copies an encoder.

    Args:
        encoder: functional keras.Model.
        trained: whether the copy has its weights; otherwise it has new ones, which follow from
            `keras.utils.set_random_seed`.

    Returns:
        keras.Model, all of whose layers train.
    """
    copy = type(encoder).from_config(encoder.get_config())
    if trained:
        copy.set_weights(encoder.get_weights())
    copy.trainable = True
    return copy


def build_classifier(encoder, classes, probe=None):
    """Puts a linear layer on the embedding of an encoder, whose layers are shared.

    Args:
        encoder: functional keras.Model with the output `embedding`.
        classes: number of classes, 2 or more.
        probe: LinearProbe of these embeddings that the layer starts as; None starts it anew.
            A layer that fits already leaves the encoder's features whole in the first steps
            (Kumar et al. 2022, arXiv 2202.10054).

    Returns:
        functional keras.Model from the encoder's inputs to float32 `probabilities` (B, classes)
        and `embedding` (B, D).
    """
    embedding = encoder.output["embedding"]
    head = keras.layers.Dense(classes, dtype="float32", name="logits")
    logits = head(embedding)
    if probe is not None:
        head.set_weights(_layer_of(probe))
    probabilities = keras.layers.Softmax(dtype="float32", name="probabilities")(logits)
    outputs = {"probabilities": probabilities, "embedding": embedding}
    return keras.Model(encoder.input, outputs, name="classifier")


def _layer_of(probe):
    """Kernel and bias of the layer that equals a probe, standardization included."""
    weights, bias = probe.weights, probe.bias
    if len(weights) == 1:
        # A single row tells the second class from the first.
        weights, bias = np.stack([-weights[0], weights[0]]) / 2, np.array([-1, 1]) * bias[0] / 2
    kernel = (weights / probe.scale).T
    return [kernel, bias - probe.mean @ kernel]


def train_classifier(classifier, batches, steps, learning_rate, weight_decay=0.0, stepped=None):
    """Trains all layers of a classifier by AdamW, with a warm-up and a cosine to zero.

    Batch norms use the statistics of the batches and learn them anew: those of the pretraining
    are of augmented views. With 600 labels they were better than the old ones kept still.

    Args:
        classifier: keras.Model of `build_classifier`.
        batches: tf.data.Dataset of pairs of encoder inputs and class numbers, `steps` or more.
        steps: 1 or more.
        learning_rate: at the end of the warm-up, a tenth of the steps; above 0.
        weight_decay: decoupled, of kernels.
        stepped: None or function of nothing, called after each step.
    """
    logits = classifier.get_layer("logits").output
    model = keras.Model(classifier.input, logits)
    schedule = warmup_cosine(learning_rate, round(WARMUP * steps), steps)
    optimizer = adamw(model.trainable_variables, schedule, weight_decay, clip_norm=1.0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss)
    tell = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs=None: stepped and stepped()
    )
    model.fit(batches, epochs=1, steps_per_epoch=steps, verbose=0, shuffle=False, callbacks=[tell])


def labeled_batches(classifier, data, source, codes, batch_size, steps, seed=0):
    """Shows labeled items in a new order each time round, as they are, without augmentation.

    Args:
        classifier: keras.Model, whose inputs are taken.
        data: Pipeline.
        source: Source of N items.
        codes: int array (N,) of their classes.
        batch_size: items a batch, N at most.
        steps: batches.
        seed: of the order.

    Returns:
        tf.data.Dataset of pairs: dict of inputs, int32 (batch_size,).
    """
    rng, needed = np.random.default_rng(seed), steps * batch_size
    rounds = -(-needed // len(source))
    order = np.concatenate([rng.permutation(len(source)) for _ in range(rounds)])[:needed]
    targets = tf.data.Dataset.from_tensor_slices(np.asarray(codes, np.int32)[order])
    inputs = _inputs(classifier, data, source.select(order), batch_size)
    return tf.data.Dataset.zip(inputs, targets.batch(batch_size))


def classify(classifier, data, source, batch_size=256):
    """Returns the class numbers (N,) that a classifier gives the items of a source."""
    batches = _inputs(classifier, data, source, batch_size)
    return classifier.predict(batches, verbose=0)["probabilities"].argmax(axis=1)


def _inputs(classifier, data, source, batch_size):
    names = list(classifier.input)
    batches = data.examples(source, batch_size)
    return batches.map(lambda batch: {name: batch[name] for name in names})
