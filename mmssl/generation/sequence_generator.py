"""Token-by-token generation with an encoder and a decoder."""

import keras
import numpy as np
from keras import ops

from mmssl.generation.token_generator import MASKED_LOGIT


class SequenceGenerator:
    """Writes what a method of encoder and decoder answers to texts, a decoder step a token.

    What the encoder has read is projected once, and keys and values of earlier tokens are cached.
    On TensorFlow the loop is compiled into one graph for all lengths.

    Args:
        method: mmssl.methods.bases.SequenceToSequence.
        sampler: sampler of KerasHub, such as `keras_hub.samplers.BeamSampler()`.
        ends: token ids after any of which a text is complete; all later tokens are the first of
            them.
        banned: token ids that are never written, such as that of padding.
    """

    def __init__(self, method, sampler, ends, banned=()):
        self.method = method
        self.sampler = sampler
        self.ends = list(ends)
        vocabulary = np.arange(method.decoder.token_embedding.input_dim)
        self._bans = np.where(np.isin(vocabulary, banned), MASKED_LOGIT, 0).astype("float32")
        self._only_end = np.where(vocabulary == self.ends[0], 0, MASKED_LOGIT).astype("float32")
        self._run = _compiled(self._generate)

    def __call__(self, inputs, tokens, begin=()):
        """Answers texts.

        Args:
            inputs: dict of token_ids and padding_mask int32 (B, L), the encoder's inputs.
            tokens: maximum number of tokens to write, at least 1.
            begin: token ids that every answer begins with.

        Returns:
            The return value of the sampler for int32 (B, 1 + len(begin) + tokens): the token that
            the decoder starts with, `begin`, and what was written, followed by zeros if all texts
            have ended early.
        """
        rows = len(inputs["token_ids"])
        start = np.tile([self.method.start, *begin], (rows, 1)).astype("int32")
        sequences = np.pad(start, ((0, 0), (0, tokens)))
        read = [np.asarray(inputs[name], "int32") for name in ("token_ids", "padding_mask")]
        return self._run(sequences, np.int32(start.shape[1]), *read)

    def _generate(self, sequences, start, token_ids, padding_mask):
        decoder, (rows, length) = self.method.decoder, ops.shape(sequences)
        texts = {"token_ids": token_ids, "padding_mask": padding_mask}
        read = decoder.read(self.method.encode(texts)["features"])
        cache = decoder.empty_cache(rows, length)
        _, cache = decoder(sequences[:, :start], read, padding_mask, cache=cache, index=0)
        return self.sampler(
            lambda *state: self._next(*state, start),
            sequences,
            # Beams carry what was read along with them.
            cache=(cache, read, padding_mask),
            index=start,
            mask=ops.broadcast_to(ops.arange(length) < start, (rows, length)),
            stop_token_ids=self.ends,
        )

    def _next(self, sequences, cache, index, start):
        """A sampler's `next`: logits of the token at `index`, no hidden states, and the cache."""
        filled, read, padding_mask = cache
        last = ops.take(sequences, [index - 1], axis=1)
        features, filled = self.method.decoder(
            last, read, padding_mask, cache=filled, index=index - 1
        )
        logits = self.method.decoder.logits(features[:, 0]) + self._bans
        # A beam that has ended keeps its likelihood while the others continue.
        ended = ops.any(last == ops.convert_to_tensor(self.ends), axis=-1, keepdims=True)
        ended = ops.logical_and(ended, index > start)
        logits = ops.where(ended, self._only_end, logits)
        return logits, None, (filled, read, padding_mask)


def _compiled(function):
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    ids, size = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([], tf.int32)
    return tf.function(function, input_signature=[ids, size, ids, ids], autograph=False)
