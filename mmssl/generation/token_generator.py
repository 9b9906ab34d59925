"""Text out of a language model, token by token."""

import keras
import numpy as np
from keras import ops

from mmssl.encoders.gpt import context_length, decode, empty_cache

MASKED_LOGIT = -1e9  # a logit whose probability is zero


class TokenGenerator:
    """Continues sequences of tokens with a cache, so that a token costs one step of the decoder.

    The keys and values of what has been read are kept, so the cost of a token grows with the
    length of the text only by what attention reads, not by reading all of it again. On TensorFlow
    the loop is one compiled graph for every length.

    Args:
        method: GPT.
        sampler: sampler of KerasHub, such as `keras_hub.samplers.GreedySampler()`. It divides the
            logits by its temperature before it looks for the likeliest.
        end: token id after which a sequence is complete; what follows it is `end` too.
        banned: token ids that are never drawn, such as that of padding.
    """

    def __init__(self, method, sampler, end, banned=()):
        self.method = method
        self.sampler = sampler
        self.end = end
        vocabulary = np.arange(method.token_embedding.input_dim)
        self._bans = np.where(np.isin(vocabulary, banned), MASKED_LOGIT, 0).astype("float32")
        self._only_end = np.where(vocabulary == end, 0, MASKED_LOGIT).astype("float32")
        self._run = _compiled(self._generate)

    def __call__(self, prompts, tokens):
        """Continues prompts of one length.

        Args:
            prompts: int32 (B, P), P at least 1.
            tokens: how many to add, at least 1.

        Returns:
            What the sampler returns for int32 (B, P + tokens): the prompts and their
            continuations, where all have ended early with zeros behind.

        Raises:
            ValueError: nothing to continue, or more than the encoder's context holds.
        """
        prompts = np.asarray(prompts, "int32")
        longest = context_length(self.method.encoder)
        if prompts.shape[1] < 1 or tokens < 1:
            raise ValueError(
                f"A prompt has 1 token or more, and 1 or more are added; got {prompts.shape[1]} "
                f"and {tokens}."
            )
        if prompts.shape[1] + tokens > longest:
            raise ValueError(
                f"The prompt has {prompts.shape[1]} tokens, and {tokens} more do not fit into the "
                f"{longest} that the encoder takes: ask for at most {longest - prompts.shape[1]}, "
                "or shorten the prompt."
            )
        return self._run(np.pad(prompts, ((0, 0), (0, tokens))), np.int32(prompts.shape[1]))

    def _generate(self, sequences, start):
        rows, length = ops.shape(sequences)
        cache = empty_cache(self.method.encoder, rows, length)
        _, cache = decode(self.method.encoder, sequences[:, :start], cache, 0)
        return self.sampler(
            lambda *state: self._next(*state, start),
            sequences,
            cache=cache,
            index=start,
            mask=ops.broadcast_to(ops.arange(length) < start, (rows, length)),
            stop_token_ids=[self.end],
        )

    def _next(self, sequences, cache, index, start):
        """What a sampler asks for: logits of the token at `index`, nothing, and the cache."""
        last = ops.take(sequences, [index - 1], axis=1)
        features, cache = decode(self.method.encoder, last, cache, index - 1)
        logits = self.method.logits(features[:, 0]) + self._bans
        # A beam that has ended keeps its likelihood while the others go on.
        ended = ops.logical_and(last == self.end, index > start)
        return ops.where(ended, self._only_end, logits), None, cache


def _compiled(function):
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    signature = [tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([], tf.int32)]
    return tf.function(function, input_signature=signature, autograph=False)
