"""Corrupted passages, and the passages as they were."""

import tensorflow as tf

from mmssl.pipelines.text import noise
from mmssl.pipelines.text.passages import Passages


class NoisyPassages(Passages):
    """Running text [CLS] text [SEP] twice: corrupted, and as it was (Lewis et al. 2019).

    A batch holds token_ids and padding_mask int32 (B, L), the corrupted text, and target_ids and
    target_mask int32 (B, L), the original. Noises apply in the order of the arguments; [CLS] and
    [SEP] stay where they are. The defaults are those of the paper's model: all sentences permuted,
    and 30 % of the tokens in spans behind one [MASK] each.

    Args:
        source: see `Passages`.
        length: L, tokens per example including special tokens, 8 or more.
        permute_sentences: probability that the sentences of an example change places, 0 to 1.
        infill_ratio: fraction of the tokens in spans that one [MASK] each replaces, 0 to 1.
        span: mean length of such a span, above 0; lengths follow a Poisson distribution.
        mask_ratio: fraction of the tokens that become [MASK] one by one, 0 to 1.
        delete_ratio: fraction of the tokens that are removed without a mark, 0 to 1.
        rotate: probability that the text begins at a random token, 0 to 1.
        random_ratio: probability that a random token stands in place of a [MASK], 0 to 1.
        short_probability: see `Passages`.
        batch_size: see `Passages`.
        **kwargs: see `Passages`.

    Raises:
        ValueError: when an argument is out of range.
    """

    def __init__(
        self,
        source="builtin:docs",
        length=512,
        permute_sentences=1.0,
        infill_ratio=0.3,
        span=3.0,
        mask_ratio=0.0,
        delete_ratio=0.0,
        rotate=0.0,
        random_ratio=0.0,
        short_probability=0.0,
        batch_size=32,
        **kwargs,
    ):
        super().__init__(
            source, length, short_probability=short_probability, batch_size=batch_size, **kwargs
        )
        fractions = {
            "permute_sentences": permute_sentences,
            "infill_ratio": infill_ratio,
            "mask_ratio": mask_ratio,
            "delete_ratio": delete_ratio,
            "rotate": rotate,
            "random_ratio": random_ratio,
        }
        for name, value in fractions.items():
            if not 0 <= value <= 1:
                raise ValueError(f"{name}={value} must lie between 0 and 1")
        if span <= 0:
            raise ValueError(f"span={span} must be above 0")
        self.permute_sentences = permute_sentences
        self.infill_ratio = infill_ratio
        self.span = span
        self.mask_ratio = mask_ratio
        self.delete_ratio = delete_ratio
        self.rotate = rotate
        self.random_ratio = random_ratio

    def example(self, index, key):
        """Makes one training element, see the class."""
        text_key, noise_key = tf.unstack(tf.random.split(key, 2))
        whole, starts = self._sentences(index, key, text_key)
        target_ids = self._enclosed(whole)
        token_ids = self._enclosed(self._corrupted(whole, starts, noise_key))
        return {
            "token_ids": token_ids,
            "padding_mask": self._present(token_ids),
            "target_ids": target_ids,
            "target_mask": self._present(target_ids),
        }

    def method_arguments(self):
        """Returns what the decoder begins with, and the longest text that it writes."""
        start = {} if self.tokenizer is None else {"start": self.tokenizer.specials.sep}
        return {**super().method_arguments(), **start, "length": self.max_positions or self.length}

    def _corrupted(self, tokens, starts, key):
        keys = tf.unstack(tf.random.split(key, 7))
        chances = tf.random.stateless_uniform([2], keys[0], dtype=tf.float64)
        mask = self.tokenizer.specials.mask
        permuted = noise.permute_sentences(tokens, starts, keys[1])
        tokens = tf.where(chances[0] < self.permute_sentences, permuted, tokens)
        if self.infill_ratio:
            tokens = noise.infill(tokens, keys[2], self.infill_ratio, self.span, mask)
        if self.mask_ratio:
            tokens = noise.mask_tokens(tokens, keys[3], self.mask_ratio, mask)
        if self.delete_ratio:
            tokens = noise.delete_tokens(tokens, keys[4], self.delete_ratio)
        tokens = tf.where(chances[1] < self.rotate, noise.rotate(tokens, keys[5]), tokens)
        size = len(self.tokenizer)
        return noise.replace_masks(tokens, keys[6], self.random_ratio, size, mask)

    def _enclosed(self, text):
        specials = self.tokenizer.specials
        return self._padded(tf.concat([[specials.cls], text, [specials.sep]], axis=0))
