"""Draws pictures above what tokenizers rebuild of them, a row a run.

python -m docs.draw_reconstructions photos/ runs/vq_vae runs/vq_gan --out docs/images/vq_gan.png
"""

import argparse
from pathlib import Path

import numpy as np
import tensorflow as tf

from mmssl.methods.bases.held_out_images import sheet
from mmssl.runs import Run

SCALE = 2  # pixels of the drawing a pixel


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", help="pictures")
    parser.add_argument("runs", nargs="+", help="run folders, of one size of pictures")
    parser.add_argument("--count", type=int, default=12, help="pictures, spread over the source")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    options = parser.parse_args()
    runs = [Run.load(folder) for folder in options.runs]
    source = runs[0].data.open(options.source)
    chosen = source.select(np.linspace(0, len(source) - 1, options.count).astype(int))
    batch = next(runs[0].data.fixed_elements(chosen, options.count).as_numpy_iterator())
    rebuilt = [np.clip(run.method().reconstruct(batch), 0, 1) for run in runs]
    picture = np.kron(sheet([batch["target"], *rebuilt]), np.ones((SCALE, SCALE, 1), "uint8"))
    options.out.write_bytes(tf.io.encode_png(picture).numpy())


if __name__ == "__main__":
    main()
