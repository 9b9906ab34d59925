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

from mmssl.layers.audio import mel_matrix
from mmssl.layers.color import gamut_bins
from mmssl.runs import read_recipe
from mmssl.runs.recipe import build

# Constants of colorization and of spectrograms, kept once they are computed.
gamut_bins(10)
mel_matrix(128, 201, 16000)


def trainable_weights(name):
    # In a stateless scope a variable has a shape and no value.
    with tf.__internal__.FuncGraph("shapes").as_default(), keras.StatelessScope():
        method = build(read_recipe(name)["method"])
    counted = sum(int(np.prod(v.shape)) for v in method.trainable_variables)
    keras.backend.clear_session()
    return counted


print(json.dumps({name: trainable_weights(name) for name in sys.argv[1:]}))
