"""Streams sound from a WaveRNN, `mmssl export RUN --format saved_model --part generator`.

python docs/stream_wavernn.py generator 4 | aplay -f S16_LE -r 8000    (4 seconds at 8 kHz)
"""

import sys

import numpy as np
import tensorflow as tf

path, seconds, rate = sys.argv[1], float(sys.argv[2]), 8000
step = tf.saved_model.load(path).signatures["step"]
state = tf.zeros((1, step.structured_input_signature[1]["state"].shape[1]))
coarse, fine = tf.constant([128]), tf.constant([0])
draw = np.random.default_rng()
for _ in range(round(seconds * rate)):
    noise = tf.constant(draw.gumbel(size=(1, 2, 256)).astype("float32"))
    out = step(coarse=coarse, fine=fine, state=state, noise=noise)
    coarse, fine, state = out["coarse"], out["fine"], out["state"]
    sample = 256 * coarse.numpy() + fine.numpy() - 32768
    sys.stdout.buffer.write(sample.astype("<i2").tobytes())
