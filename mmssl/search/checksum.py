"""The checksum that tells the encoder of an index from others."""

import hashlib

import numpy as np


def checksum(encoder):
    """Returns a checksum of an encoder's weights, in which no file format or version shows.

    Args:
        encoder: keras.Model.

    Returns:
        str of 32 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for weight in encoder.weights:
        values = np.ascontiguousarray(weight.numpy())
        digest.update(f"{values.dtype} {values.shape} ".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()[:32]
