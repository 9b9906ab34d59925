"""What replicas send each other for a matrix of the whole batch's dimensions."""

from keras import ops

from mmssl import distribution


def for_products(views, matrices):
    """Gathers the rows of all replicas, where they are fewer numbers than the matrices to average.

    A D x D matrix over the N rows of the whole batch can be averaged over replicas, each with the
    matrix of its own rows, or computed by each from all rows. What follows is the same but for
    rounding; what is sent is not.

    Args:
        views: list of float32 (B, D) on every replica.
        matrices: int, D x D matrices that are computed of them.

    Returns:
        the views, (B, D) or (N, D); a function that averages a list of tensors over the replicas
        that have other rows; and their number, 1 where all rows are here.
    """
    replicas = distribution.num_replicas()
    rows, width = views[0].shape
    if replicas == 1 or rows is None or len(views) * rows * replicas >= matrices * width:
        return views, distribution.mean, replicas
    everyone = distribution.gather(ops.concatenate(views, axis=1))
    return ops.split(everyone, len(views), axis=1), list, 1
