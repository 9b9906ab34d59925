"""Trains cases for a few steps on Keras' backend and keeps the losses: FOLDER NAME ..."""

import os

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

from mmssl.training.recipe import build
from tests.contract.cases import CASES, compile_method
from tests.contract.children import work_through

STEPS = 3


def train(name, folder):
    config = CASES[name].config(*CASES[name].still)
    keras.utils.set_random_seed(0)
    batches = build(config["data"]).batches()
    method = build(config["method"])
    method.adapt(batches)
    _same_weights(method, folder.parent / f"{name}.npz")
    compile_method(method)
    dataset = batches.take(STEPS) if keras.backend.backend() == "tensorflow" else _arrays(batches)
    history = [method.train_on_batch(batch, return_dict=True)["loss"] for batch in dataset]
    np.save(folder / f"{name}.npy", np.array(history, "float32"))


def _arrays(batches):
    return [tf.nest.map_structure(lambda x: x.numpy(), batch) for batch in batches.take(STEPS)]


def _same_weights(method, path):
    """The backends draw other initial weights from the same seed."""
    if path.exists():
        with np.load(path) as archive:
            method.set_weights([archive[name] for name in archive.files])
    else:
        np.savez(path, *method.get_weights())


if __name__ == "__main__":
    work_through(train)
