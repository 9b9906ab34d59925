"""Streams sound from `mmssl export RUN --format saved_model --part generator --out generator`.

python docs/stream_saved_model.py generator 4 | aplay -f S16_LE -r 8000    (4 seconds at 8 kHz)
"""

import sys

import numpy as np
import tensorflow as tf

path, seconds, rate = sys.argv[1], float(sys.argv[2]), 8000
step = tf.saved_model.load(path).signatures["step"]
slots, _, width = step.structured_input_signature[1]["queues"].shape
queues, time, code = tf.zeros((slots, 1, width)), tf.constant(0), np.array([128], "int32")
draw = np.random.default_rng()
for _ in range(round(seconds * rate)):
    out = step(code=tf.constant(code), queues=queues, time=time)
    queues, time, logits = out["queues"], out["time"], out["logits"].numpy()
    code = np.argmax(logits + draw.gumbel(size=logits.shape), axis=-1).astype("int32")
    level = 2 * code / 255 - 1
    sample = np.sign(level) * (256 ** np.abs(level) - 1) / 255
    sys.stdout.buffer.write((32767 * sample).astype("<i2").tobytes())
