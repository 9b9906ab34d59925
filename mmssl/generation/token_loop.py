"""The loop in which a sampler writes tokens, one step of a network with a cache each."""

import keras
import numpy as np
from keras import ops

MASKED_LOGIT = -1e9  # a logit whose probability is zero


class TokenLoop:
    """Lets a sampler write tokens until a text ends.

    Args:
        sampler: sampler of KerasHub, such as `keras_hub.samplers.GreedySampler()`.
        vocabulary_size: number of token ids.
        ends: token ids after any of which a text is complete; all later tokens are the first of
            them.
        banned: token ids that are never written, such as that of padding.
    """

    def __init__(self, sampler, vocabulary_size, ends, banned=()):
        self.sampler, self.ends = sampler, list(ends)
        vocabulary = np.arange(vocabulary_size)
        self._bans = np.where(np.isin(vocabulary, banned), MASKED_LOGIT, 0).astype("float32")
        self._only_end = np.where(vocabulary == self.ends[0], 0, MASKED_LOGIT).astype("float32")

    def __call__(self, step, sequences, start, cache):
        """Writes tokens behind those that are given.

        Args:
            step: function (tokens int32 (B, 1), cache, index) -> (logits float32 (B, V), cache),
                of the token that follows the one at `index`.
            sequences: int32 (B, T), with room for what is written.
            start: int32 scalar, how many tokens of each are given, 1 or more.
            cache: of `step`, filled up to there; beams carry all of it along.

        Returns:
            The return value of the sampler, followed by zeros if all texts have ended early.
        """

        def following(sequences, cache, index):
            last = ops.take(sequences, [index - 1], axis=1)
            logits, cache = step(last, cache, index - 1)
            # A beam that has ended keeps its likelihood while the others continue.
            ended = ops.any(last == ops.convert_to_tensor(self.ends), axis=-1, keepdims=True)
            ended = ops.logical_and(ended, index > start)
            return ops.where(ended, self._only_end, logits + self._bans), None, cache

        rows, length = ops.shape(sequences)
        return self.sampler(
            following,
            sequences,
            cache=cache,
            index=start,
            mask=ops.broadcast_to(ops.arange(length) < start, (rows, length)),
            stop_token_ids=self.ends,
        )


def compiled(function, more=0):
    """Compiles a function (sequences, start, *more) into one graph for all lengths.

    Args:
        function: of int32 (B, T), an int32 scalar, and `more` further int32 (B, L).
        more: int.

    Returns:
        function; on other backends than TensorFlow as it is.
    """
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    ids, size = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([], tf.int32)
    return tf.function(function, input_signature=[ids, size, *more * [ids]], autograph=False)
