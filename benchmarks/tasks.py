"""The timed tasks: one function each, from a batch size to a method and a batch for it."""

import numpy as np
import tensorflow as tf

from mmssl.encoders import (
    bert_encoder,
    gpt_encoder,
    resnet_encoder,
    vit_encoder,
    wav2vec_encoder,
    wavenet_encoder,
)
from mmssl.methods.barlow_twins import BarlowTwins
from mmssl.methods.bert import BERT
from mmssl.methods.byol import BYOL
from mmssl.methods.data2vec import Data2Vec
from mmssl.methods.dino import DINO
from mmssl.methods.gpt import GPT
from mmssl.methods.mae import MAE
from mmssl.methods.simclr import SimCLR
from mmssl.methods.wavenet import WaveNet
from mmssl.optimizers import adamw, momentum_sgd


def bert(batch_size=32, length=128, vocabulary_size=8192, masked=19, slots=20):
    """A small BERT: 4 blocks of width 256, 15 % of the tokens masked."""
    encoder = bert_encoder(
        vocabulary_size, length, width=256, depth=4, num_heads=4, mlp_dim=1024, dropout=0.1
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
    encoder = wavenet_encoder(
        cycles=1, layers=10, residual_channels=32, gate_channels=32, skip_channels=32
    )
    waveform = np.random.default_rng(0).uniform(-1, 1, (batch_size, samples))
    batch = {
        "waveform": tf.constant(waveform, tf.float32),
        "padding_mask": tf.ones((batch_size, samples), tf.int32),
    }
    return WaveNet(encoder), batch


def gpt(batch_size=16, length=256, vocabulary_size=8192):
    """A small GPT-2: 4 blocks of width 256, logits at every position."""
    encoder = gpt_encoder(
        vocabulary_size, length, width=256, depth=4, num_heads=4, mlp_dim=1024, dropout=0.1
    )
    shape = (batch_size, length + 1)
    token_ids = np.random.default_rng(0).integers(2, vocabulary_size, shape)
    batch = {"token_ids": token_ids, "padding_mask": np.ones(shape)}
    return GPT(encoder), {name: tf.constant(x, tf.int32) for name, x in batch.items()}


def data2vec(batch_size=8, samples=24000):
    """A small data2vec on audio: 7 convolutions and 4 blocks of width 256, all 4 as targets."""
    encoder = wav2vec_encoder(channels=256, width=256, depth=4, num_heads=4, mlp_dim=1024)
    method = Data2Vec(encoder, top_blocks=4, target="block", beta=1.0, channel_reduction="mean")
    rng = np.random.default_rng(0)
    batch = {
        "waveform": tf.constant(rng.normal(size=(batch_size, samples)), tf.float32),
        "padding_mask": tf.ones((batch_size, samples), tf.int32),
    }
    frames = method.local_features(batch)["tokens"].shape[1]
    return method, {**batch, "mask": tf.constant(rng.random((batch_size, frames)) < 0.5, tf.int32)}


def data2vec_vision(batch_size=128):
    """data2vec on images of 32 pixels with a tiny ViT of 4 x 4 patches, 38 of 64 masked."""
    encoder = vit_encoder(*(32, 4, 192, 12, 3, 768))
    method = Data2Vec(
        encoder,
        top_blocks=6,
        target="block",
        normalize="layer",
        final_norm=True,
        beta=2.0,
        channel_reduction="mean",
    )
    rng = np.random.default_rng(0)
    images = rng.uniform(size=(batch_size, 32, 32, 3))
    mask = rng.permuted(np.tile(np.arange(64) < 38, (batch_size, 1)), axis=1)
    return method, {"images": tf.constant(images, tf.float32), "mask": tf.constant(mask, tf.int32)}


def mae(batch_size=128):
    """MAE of a tiny ViT of 4 x 4 patches on images of 32 pixels, 16 of 64 visible."""
    method = MAE(
        vit_encoder(*(32, 4, 192, 12, 3, 768)),
        decoder_width=128,
        decoder_depth=4,
        decoder_num_heads=4,
        decoder_mlp_dim=512,
    )
    rng = np.random.default_rng(0)
    images = rng.uniform(size=(batch_size, 32, 32, 3))
    orders = rng.permuted(np.tile(np.arange(64), (batch_size, 1, 1)), axis=-1)
    sets = {"visible": orders[..., :16], "masked": orders[..., 16:]}
    sets = {name: tf.constant(x, tf.int32) for name, x in sets.items()}
    return method, {"images": tf.constant(images, tf.float32), **sets}


def dino(batch_size=64, num_small_views=6):
    """DINO of a tiny ViT of 4 x 4 patches on two crops of 32 pixels and six of 16."""
    encoder = vit_encoder(
        *(32, 4, 192, 12, 3, 768), drop_path=0.0, positions="learned", pool="token"
    )
    method = DINO(encoder, head=(512, 512, 64), out_dim=2048)
    return method, views(batch_size, [32] * 2 + [16] * num_small_views)


def simclr(batch_size=128):
    """SimCLR of a ResNet-18 on two views of 32 pixels."""
    method = SimCLR(residual_network(), projector=(512, 128), temperature=0.5)
    return method, views(batch_size, [32, 32])


def byol(batch_size=128):
    """BYOL of a ResNet-18 on two views of 32 pixels."""
    method = BYOL(residual_network(), projector=(1024, 256), predictor=(1024, 256))
    return method, views(batch_size, [32, 32])


def barlow(batch_size=128):
    """Barlow Twins of a ResNet-18 on two views of 32 pixels."""
    method = BarlowTwins(residual_network(), projector=(2048, 2048, 2048))
    return method, views(batch_size, [32, 32])


def residual_network():
    """ResNet-18 with the stem for small images."""
    return resnet_encoder(32, depth=18, small_images=True)


def views(batch_size, sizes):
    """Random images, one view per given size."""
    rng = np.random.default_rng(0)
    shapes = [(batch_size, size, size, 3) for size in sizes]
    return {
        f"images_{number}": tf.constant(rng.uniform(size=shape), tf.float32)
        for number, shape in enumerate(shapes, start=1)
    }


def optimizer_of(task, variables):
    """The optimizer of a task: SGD with momentum if its peer uses that, AdamW otherwise."""
    if task in WITH_MOMENTUM:
        return momentum_sgd(variables, 0.03, weight_decay=1e-4, momentum=0.9)
    return adamw(variables, 1e-3, weight_decay=0.01)


TASKS = {
    "barlow": barlow,
    "bert": bert,
    "byol": byol,
    "data2vec": data2vec,
    "data2vec_vision": data2vec_vision,
    "dino": dino,
    "gpt": gpt,
    "mae": mae,
    "simclr": simclr,
    "wavenet": wavenet,
}
WITH_MOMENTUM = {"barlow", "byol", "simclr"}
