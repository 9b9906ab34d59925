"""What is timed: one function a task, from a batch size to a method and a batch for it."""

import numpy as np
import tensorflow as tf

from mmssl.encoders import bert_encoder, gpt_encoder, wavenet_encoder
from mmssl.methods import BERT, GPT, WaveNet


def bert(batch_size=32, length=128, vocabulary_size=8192, masked=19, slots=20):
    """A small BERT: 4 blocks of width 256, 15 % of the tokens masked."""
    encoder = bert_encoder(
        vocabulary_size, length, width=256, depth=4, heads=4, feed_forward=1024, dropout=0.1
    )
    rng = np.random.default_rng(0)
    shape = (batch_size, slots)
    token_ids = rng.integers(5, vocabulary_size, (batch_size, length))
    token_ids[:, 0], token_ids[:, [length // 2, -1]] = 2, 3
    positions = [rng.choice(np.arange(1, length - 1), slots, False) for _ in range(batch_size)]
    batch = {
        "token_ids": token_ids,
        "padding_mask": np.ones_like(token_ids),
        "masked_positions": np.sort(positions),
        "masked_ids": rng.integers(5, vocabulary_size, shape),
        "next_is_random": rng.integers(0, 2, batch_size),
    }
    batch = {name: tf.constant(values, tf.int32) for name, values in batch.items()}
    weights = np.broadcast_to(np.arange(slots) < masked, shape)
    batch["masked_weights"] = tf.constant(weights, tf.float32)
    return BERT(encoder), batch


def wavenet(batch_size=4, samples=8000):
    """A small WaveNet: 10 gated layers, dilations 1 to 512, 32 channels throughout."""
    encoder = wavenet_encoder(cycles=1, layers=10, residual=32, gate=32, skip=32)
    waveform = np.random.default_rng(0).uniform(-1, 1, (batch_size, samples))
    batch = {
        "waveform": tf.constant(waveform, tf.float32),
        "padding_mask": tf.ones((batch_size, samples), tf.int32),
    }
    return WaveNet(encoder), batch


def gpt(batch_size=16, length=256, vocabulary_size=8192):
    """A small GPT-2: 4 blocks of width 256, logits at every position."""
    encoder = gpt_encoder(
        vocabulary_size, length, width=256, depth=4, heads=4, feed_forward=1024, dropout=0.1
    )
    shape = (batch_size, length + 1)
    token_ids = np.random.default_rng(0).integers(2, vocabulary_size, shape)
    batch = {"token_ids": token_ids, "padding_mask": np.ones(shape)}
    return GPT(encoder), {name: tf.constant(x, tf.int32) for name, x in batch.items()}


TASKS = {"bert": bert, "gpt": gpt, "wavenet": wavenet}
