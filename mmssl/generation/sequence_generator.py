"""Token-by-token generation with an encoder and a decoder."""

import numpy as np
from keras import ops

from mmssl.generation.token_loop import TokenLoop, compiled


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
        size = method.decoder.token_embedding.input_dim
        self._write = TokenLoop(sampler, size, ends, banned)
        self._run = compiled(self._generate, more=2)

    def __call__(self, inputs, tokens, begin=()):
        """Answers texts.

        Args:
            inputs: dict of token_ids and padding_mask int32 (B, L), the encoder's inputs.
            tokens: maximum number of tokens to write, at least 1.
            begin: int (P,) or (B, P), token ids that every answer, or each one, begins with.

        Returns:
            The return value of the sampler for int32 (B, 1 + P + tokens): the token that the
            decoder starts with, `begin`, and what was written, followed by zeros if all texts
            have ended early.
        """
        rows = len(inputs["token_ids"])
        begin = np.broadcast_to(np.asarray(begin, "int32"), (rows, np.shape(begin)[-1]))
        start = np.pad(begin, ((0, 0), (1, 0)), constant_values=self.method.start)
        sequences = np.pad(start, ((0, 0), (0, tokens)))
        read = [np.asarray(inputs[name], "int32") for name in ("token_ids", "padding_mask")]
        return self._run(sequences, np.int32(start.shape[1]), *read)

    def _generate(self, sequences, start, token_ids, padding_mask):
        decoder, (rows, length) = self.method.decoder, ops.shape(sequences)
        texts = {"token_ids": token_ids, "padding_mask": padding_mask}
        read = decoder.read(self.method.encode(texts)["features"])
        cache = decoder.empty_cache(rows, length)
        _, cache = decoder(sequences[:, :start], read, padding_mask, cache=cache, index=0)
        # Beams carry what was read along with them.
        return self._write(self._step, sequences, start, (cache, read, padding_mask))

    def _step(self, tokens, cache, index):
        filled, read, padding_mask = cache
        features, filled = self.method.decoder(
            tokens, read, padding_mask, cache=filled, index=index
        )
        return self.method.decoder.logits(features[:, 0]), (filled, read, padding_mask)
