"""Features of a microphone, with `mmssl export RUN --format litert --part stream`.

arecord -f S16_LE -r 8000 | python docs/listen.py RUN/stream.tflite 80 0.05

80 is the hop, samples a frame; 0.05 the root mean square of what is to be heard, full scale 1.
"""

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter

path, hop, level = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
step = Interpreter(model_path=path).get_signature_runner("step")
shapes = {name: of["shape"] for name, of in step.get_input_details().items() if name != "waveform"}
given = {name: np.zeros(shape, "float32") for name, shape in shapes.items()}  # states
given |= {"level": np.array([level], "float32")} if "level" in shapes else {}
size = 10 * hop
while len(data := sys.stdin.buffer.read(2 * size)) == 2 * size:
    waveform = np.frombuffer(data, "<i2")[None].astype("float32") / 32768
    out = step(waveform=waveform, **given)
    features = out.pop("features")[0]  # (10, channels)
    given |= out
    print(*(f"{value:.3f}" for value in features[-1, :8]), flush=True)
