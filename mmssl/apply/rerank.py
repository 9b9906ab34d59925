"""Ranking pictures by how well they fit a caption, as a run of pairs sees it."""

from mmssl.evaluation.pair_run import PairRun


def caption_scorer(run):
    """Builds a function that scores pictures for a caption.

    Args:
        run: Run of pairs of pictures and texts, such as of pairs/clip.

    Returns:
        function (caption, uint8 (N, H, W, 3)) -> float32 (N,), the cosines of the embeddings of the
        pictures with that of the caption.

    Raises:
        ValueError: it is no finished run of pairs, no side reads texts, or the other no pictures.
    """
    pair = PairRun.of(run)
    side = pair.other(pair.text_side)
    data = pair.sides[side].data
    if ".png" not in data.extensions:
        raise ValueError(f"{run.folder} cannot rank pictures: its side {side} reads others.")

    def score(caption, pictures):
        return pair.embed(side, data.open(pictures)) @ pair.embed_texts([caption])[0]

    return score
