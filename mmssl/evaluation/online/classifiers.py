"""Classifiers that learn from one batch of embeddings after the other."""

import keras
import tensorflow as tf

from mmssl.evaluation.probes.knn import NEIGHBORS, TEMPERATURE
from mmssl.layers import VectorQueue

LEARNING_RATE = 0.01  # of standardized embeddings


class OnlineClassifiers:
    """A linear layer, and a vote of the nearest among the newest embeddings.

    Nothing is drawn at random, and no value comes to the host.

    Args:
        width: dimensions of an embedding.
        classes: number of classes, 2 or more.
        queue: embeddings that are kept for the vote, at least one batch.

    Attributes:
        names: of the classifiers, as `count` counts them.
    """

    names = ("linear", "knn")

    def __init__(self, width, classes, queue):
        self._linear = keras.layers.Dense(
            classes, kernel_initializer="zeros", dtype="float32", name="online_linear"
        )
        self._linear.build((None, width))
        self._optimizer = keras.optimizers.Adam(LEARNING_RATE)
        self._optimizer.build(self._linear.trainable_variables)
        self._queue = VectorQueue(queue, width, seed=0, name="online_queue")
        self._codes = self._queue.add_weight(
            shape=(queue,),
            dtype="int32",
            initializer=keras.initializers.Constant(-1),  # of no class: does not vote
            trainable=False,
            name="codes",
        )
        self._classes, self._neighbors = classes, min(NEIGHBORS, queue)
        signature = [tf.TensorSpec((None, width)), tf.TensorSpec((None,), tf.int32)]
        self.learn = tf.function(self._learn, input_signature=signature, autograph=False)
        self.count = tf.function(self._count, input_signature=signature, autograph=False)

    @property
    def variables(self):
        """All that the next batch depends on, a list of variables."""
        layers = (self._linear, self._queue, self._optimizer)
        return [variable for layer in layers for variable in layer.variables]

    def _learn(self, embeddings, codes):
        """Appends a batch to the queue, and takes a step of the linear layer.

        Args:
            embeddings: float32 (B, D).
            codes: int32 (B,), number of the class.
        """
        self._queue.push(embeddings)
        kept = self._codes[tf.shape(codes)[0] :]
        self._codes.assign(tf.concat([kept, codes], axis=0))
        rows = self._standardized(embeddings)
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(codes, self._linear(rows))
            loss = tf.reduce_mean(losses)
        weights = self._linear.trainable_variables
        self._optimizer.apply(tape.gradient(loss, weights), weights)

    def _count(self, embeddings, codes):
        """Counts the right answers, int32 (2,), of a batch as in `_learn`; -1 is of no class."""
        linear = self._linear(self._standardized(embeddings))
        scores = tf.stack([linear, self._votes(embeddings)])
        right = tf.argmax(scores, axis=2, output_type=tf.int32) == codes
        return tf.reduce_sum(tf.cast(right, tf.int32), axis=1)

    def _standardized(self, embeddings):
        """Subtracts the mean of the queue and divides by its deviation, whatever the encoder."""
        filled = tf.cast(self._codes >= 0, tf.float32)
        weights = (filled / tf.reduce_sum(filled))[:, None]
        mean = tf.reduce_sum(weights * self._queue.vectors, axis=0)
        variance = tf.reduce_sum(weights * tf.square(self._queue.vectors - mean), axis=0)
        return (embeddings - mean) * tf.math.rsqrt(variance + 1e-6)

    def _votes(self, embeddings):
        cosines = tf.matmul(_unit(embeddings), _unit(self._queue.vectors), transpose_b=True)
        cosines = tf.where(self._codes >= 0, cosines, -1.0)
        nearest, rows = tf.math.top_k(cosines, self._neighbors)
        # Subtracting the largest cosine prevents overflow and changes no vote.
        weights = tf.exp((nearest - nearest[:, :1]) / TEMPERATURE)
        votes = tf.one_hot(tf.gather(self._codes, rows), self._classes)
        return tf.reduce_sum(weights[:, :, None] * votes, axis=1)


def _unit(embeddings):
    return tf.math.l2_normalize(embeddings, axis=1)
