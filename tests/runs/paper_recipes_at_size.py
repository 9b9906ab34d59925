"""Builds the methods of paper recipes on shapes alone; a process of its own gives the memory back.

Prints the number of trainable weights of each, as JSON.
"""

import json
import os
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

from mmssl.layers.color import gamut_bins
from mmssl.runs import read_recipe
from mmssl.runs.recipe import build

gamut_bins(10)  # constants of colorization, kept once they are computed


def trainable_weights(name, encoders):
    spec = read_recipe(name)["method"]
    arguments = spec["init_args"]
    same = json.dumps(arguments["encoder"], sort_keys=True)
    if same not in encoders:  # several methods have the same one, which takes longest to build
        encoders[same] = build(arguments["encoder"])
    method = build({**spec, "init_args": {**arguments, "encoder": encoders[same]}})
    return sum(int(np.prod(v.shape)) for v in method.trainable_variables)


if __name__ == "__main__":
    # In a stateless scope a variable has a shape and no value.
    with tf.__internal__.FuncGraph("shapes").as_default(), keras.StatelessScope():
        found = {}
        sizes = {name: trainable_weights(name, found) for name in sys.argv[1:]}
    print(json.dumps(sizes))
