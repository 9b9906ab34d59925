"""Blocks of a sequence and the places around each, so that windows become products of matrices."""

from keras import ops


def in_blocks(x, size):
    """Cuts sequences into blocks.

    Args:
        x: (B, L, ...).
        size: S, which divides L.

    Returns:
        (B, L / S, S, ...).
    """
    rows, length, *rest = ops.shape(x)
    return ops.reshape(x, (rows, length // size, size, *rest))


def with_margins(blocks, reach):
    """Adds the places before and after each block.

    Args:
        blocks: (B, N, S), as `in_blocks` returns them.
        reach: R, number of places on each side, 1 to S.

    Returns:
        (B, N, S + 2 R); 0 before the first block and after the last.
    """
    size = ops.shape(blocks)[2]
    around = ops.pad(blocks, ((0, 0), (1, 1), (0, 0)))
    before, after = around[:, :-2, size - reach :], around[:, 2:, :reach]
    return ops.concatenate([before, blocks, after], axis=2)


def neighbors(radius, groups, size, reach):
    """Says which places lie within the radius of each place, and in the same group.

    Args:
        radius: int32 (B, L), 0 to `reach`.
        groups: int32 (B, L), the number of the sentence that a place is in, from 1; 0 for padding.
        size: S, places of a block.
        reach: R, the largest radius.

    Returns:
        float32 (B, L / S, S, S + 2 R), 1 where the second place, of those of `with_margins`, is a
        neighbor of the first. A place is no neighbor of its own.
    """
    groups = in_blocks(groups, size)
    around = with_margins(groups, reach)
    distance = ops.abs(ops.arange(size + 2 * reach)[None] - reach - ops.arange(size)[:, None])
    near = ops.logical_and(distance > 0, distance <= in_blocks(radius, size)[..., None])
    together = ops.logical_and(groups[..., None] == around[:, :, None], groups[..., None] > 0)
    return ops.cast(ops.logical_and(near, together), "float32")
