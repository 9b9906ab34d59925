"""Streams sound from `mmssl export RUN --format litert --part generator --out generator.tflite`.

python docs/stream_litert.py generator.tflite 4 | aplay -f S16_LE -r 8000    (4 seconds at 8 kHz)
"""

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter

path, seconds, rate = sys.argv[1], float(sys.argv[2]), 8000
step = Interpreter(model_path=path).get_signature_runner("step")
queues = np.zeros(step.get_input_details()["queues"]["shape"], "float32")
time, code, draw = np.int32(0), np.array([128], "int32"), np.random.default_rng()
for _ in range(round(seconds * rate)):
    out = step(code=code, queues=queues, time=time)
    queues, time, logits = out["queues"], out["time"], out["logits"]
    code = np.argmax(logits + draw.gumbel(size=logits.shape), axis=-1).astype("int32")
    level = 2 * code / 255 - 1
    sample = np.sign(level) * (256 ** np.abs(level) - 1) / 255
    sys.stdout.buffer.write((32767 * sample).astype("<i2").tobytes())
