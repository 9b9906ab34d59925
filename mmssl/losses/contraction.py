"""The squared norm of an encoder's Jacobian: exact for a sigmoid layer, estimated for others."""

from keras import ops

from mmssl.losses.parts.inputs import positive_number


def sigmoid_contraction(activations, kernel):
    """Computes the squared Frobenius norm of the Jacobian of a sigmoid layer.

        |J|^2 = sum_j (h_j (1 - h_j))^2 sum_i W_ij^2

    Args:
        activations: float (B, H), h.
        kernel: float (D, H), W.

    Returns:
        float32 (B,).

    Reference:
        Rifai, Vincent, Muller, Glorot, Bengio 2011, ICML.
    """
    h, kernel = ops.cast(activations, "float32"), ops.cast(kernel, "float32")
    return ops.matmul(ops.square(h * (1.0 - h)), ops.sum(ops.square(kernel), axis=0))


def estimated_contraction(near, codes, sigma):
    """Estimates the squared Frobenius norm of an encoder's Jacobian from one step at random.

        |f(x + sigma u) - f(x)|^2 / sigma^2,    u ~ N(0, 1)

    Its expectation is |J|^2, up to what of f is not linear within sigma.

    Args:
        near: float (B, H), f(x + sigma u).
        codes: float (B, H), f(x).
        sigma: length of the step along each axis, above 0.

    Returns:
        float32 (B,).

    Raises:
        ValueError: sigma is not above 0.

    Reference:
        Rifai et al. 2011, Higher order contractive auto-encoder, section 2.
    """
    positive_number(sigma=sigma)
    moved = (ops.cast(near, "float32") - ops.cast(codes, "float32")) / sigma
    return ops.sum(ops.square(moved), axis=-1)
