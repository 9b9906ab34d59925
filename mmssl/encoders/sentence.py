"""CPC's encoder of text: a convolution encodes sentences, a GRU reads one after the other."""

import keras

from mmssl.encoders.parts.tokens import token_inputs
from mmssl.layers import GroupTokens, MaskedMean, SentenceMask, SentenceMean, ZeroMaskedTokens


def sentence_encoder(
    vocabulary_size: int = 20000,
    sentence_length: int = 32,
    token_width: int = 620,
    channels: int = 2400,
    context_dim: int = 2400,
    kernel_size: int = 3,
) -> keras.Model:
    """Builds CPC's encoder of text: latents of sentences, and contexts of what was read so far.

    A text is a sequence of sentences, each of which takes `sentence_length` tokens, padded at its
    end, as `mmssl.pipelines.text.Sentences` makes them. The latent of a sentence is the mean of a
    convolution over its tokens and does not depend on the other sentences; it is `block_1`. A GRU
    over the latents, `block_2`, gives the contexts.

    Args:
        vocabulary_size: number of token ids.
        sentence_length: tokens of a sentence, padding included.
        token_width: width of the token embeddings; the paper does not give it.
        channels: width of the latents.
        context_dim: width of the GRU.
        kernel_size: tokens that the convolution looks at; the paper does not give it.

    Returns:
        keras.Model from `token_ids` and `padding_mask`, int32 (B, T), to `features`
        (B, ceil(T / sentence_length), context_dim), the contexts, and `embedding`
        (B, channels + context_dim), the means of latents and contexts over the sentences.

    Raises:
        ValueError: a size is below 1.

    Reference:
        van den Oord, Li, Vinyals 2018, arXiv 1807.03748, section 3.3.
    """
    _check(vocabulary_size=vocabulary_size, sentence_length=sentence_length)
    _check(token_width=token_width, channels=channels, context_dim=context_dim)
    _check(kernel_size=kernel_size)
    inputs = token_inputs()
    group = GroupTokens(sentence_length, name="sentences")
    token_ids, tokens = group(inputs["token_ids"]), group(inputs["padding_mask"])
    sentences = SentenceMask(name="sentence_mask")(tokens)

    x = keras.layers.Embedding(vocabulary_size, token_width, name="token_embedding")(token_ids)
    x = ZeroMaskedTokens()([x, tokens])
    x = keras.layers.Conv2D(
        channels, (1, kernel_size), padding="same", activation="relu", name="convolution"
    )(x)
    latents = SentenceMean(name="block_1")([x, tokens])
    contexts = keras.layers.GRU(context_dim, return_sequences=True, name="block_2")(latents)

    both = keras.layers.Concatenate()([latents, contexts])
    embedding = MaskedMean(name="pool", dtype="float32")([both, sentences])
    return keras.Model(
        inputs, {"features": contexts, "embedding": embedding}, name="sentence_encoder"
    )


def _check(**sizes):
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"sentence_encoder({name}=...) must be 1 or more; got {size}.")
