"""Ways of computing an encoder's vectors: Keras, compiled by XLA, and exported files."""

import json
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from deploy_turns import compared, seconds_of

BATCH = 16
PREDICTED_SECONDS, MOST_BATCHES = 0.5, 64  # of a call of `predict`


def predict(encoder, batch):
    return encoder.predict(batch, batch_size=BATCH, verbose=0)


def of_batches(ways, batch):
    """Returns ways of embedding many batches, all in one call of `predict`, and how many."""
    way = ways.get("saved_model", ways["predict"])
    way(batch)
    begin = time.perf_counter()
    way(batch)
    count = round(PREDICTED_SECONDS / (time.perf_counter() - begin))
    count = min(max(1, count), MOST_BATCHES)
    every = {name: np.concatenate([array] * count) for name, array in batch.items()}

    def one_by_one(way):
        for _ in range(count):
            way(batch)

    calls = {name: partial(one_by_one, way) for name, way in ways.items()}
    return calls | {"predict": partial(ways["predict"], every)}, count


def in_turns(ways, rounds):
    return compared({name: partial(seconds_of, way) for name, way in ways.items()}, rounds)


def jitted(encoder, item, forms):
    """Returns the encoder compiled by XLA, or nothing and the reason among the forms."""
    import tensorflow as tf

    call = tf.function(lambda batch: encoder(batch, training=False), jit_compile=True)

    def run(batch):
        outputs = call({name: tf.constant(array) for name, array in batch.items()})
        return {name: value.numpy() for name, value in outputs.items()}

    try:
        run(item)
    except (tf.errors.OpError, ValueError) as error:
        forms["jitted"] = {"missing": str(error).strip().splitlines()[0]}
        return {}
    return {"jitted": run}


def loaded(path, threads):
    from mmssl.deploy import load_exported
    from mmssl.quiet import quiet

    with quiet():  # LiteRT logs the delegate that it creates
        return load_exported(path, None if path.suffix == "" else threads)


def memory_of(path, item):
    """Returns the figures of deploy_memory.py for an export and an item."""
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "item.npz", **item)
        command = [sys.executable, str(Path(__file__).with_name("deploy_memory.py")), str(path)]
        done = subprocess.run(
            [*command, f"{folder}/item.npz"],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    return json.loads(done.stdout.strip().splitlines()[-1])
