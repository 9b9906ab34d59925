"""Token-by-token generation with a language model."""

import numpy as np
from keras import ops

from mmssl.encoders.gpt import context_length, decode
from mmssl.encoders.parts.cache import empty_cache
from mmssl.generation.token_loop import TokenLoop, compiled


class TokenGenerator:
    """Continues token sequences with a key-value cache, so each token costs one decoder step.

    Keys and values of earlier tokens are cached, so the cost of a token grows with the length of
    the text only through attention, not by recomputing the whole text. On TensorFlow the loop is
    compiled into one graph for all lengths.

    Args:
        method: GPT.
        sampler: sampler of KerasHub, such as `keras_hub.samplers.GreedySampler()`, which also
            applies the temperature.
        end: token id after which a sequence is complete; all later tokens are `end` as well.
        banned: token ids that are never sampled, such as that of padding.
    """

    def __init__(self, method, sampler, end, banned=()):
        self.method = method
        self._write = TokenLoop(sampler, method.token_embedding.input_dim, [end], banned)
        self._run = compiled(self._generate)

    def __call__(self, prompts, tokens):
        """Continues prompts of the same length.

        Args:
            prompts: int32 (B, P), P at least 1.
            tokens: number of tokens to add, at least 1.

        Returns:
            The return value of the sampler for int32 (B, P + tokens): the prompts and their
            continuations, followed by zeros if all of them have ended early.

        Raises:
            ValueError: there is nothing to continue, or the result would exceed the encoder's
                context length.
        """
        prompts = np.asarray(prompts, "int32")
        longest = context_length(self.method.encoder)
        if prompts.shape[1] < 1 or tokens < 1:
            raise ValueError(
                "prompts must have 1 token or more, and tokens must be 1 or more; got "
                f"{prompts.shape[1]} and {tokens}."
            )
        if prompts.shape[1] + tokens > longest:
            raise ValueError(
                f"The prompt has {prompts.shape[1]} tokens, and {tokens} more exceed the encoder's "
                f"context of {longest}: request at most {longest - prompts.shape[1]}, or shorten "
                "the prompt."
            )
        return self._run(np.pad(prompts, ((0, 0), (0, tokens))), np.int32(prompts.shape[1]))

    def _generate(self, sequences, start):
        rows, length = ops.shape(sequences)
        cache = empty_cache(self.method.encoder, rows, length)
        _, cache = decode(self.method.encoder, sequences[:, :start], cache, 0)
        return self._write(self._step, sequences, start, cache)

    def _step(self, tokens, cache, index):
        features, cache = decode(self.method.encoder, tokens, cache, index)
        return self.method.logits(features[:, 0]), cache
