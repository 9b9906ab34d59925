"""Pictures are ranked for a caption by the cosines of a run of pairs."""

import numpy as np
import pytest

from mmssl.apply.rerank import caption_scorer
from mmssl.evaluation.pair_run import PairRun
from tests.tolerances import SUM, assert_close


def test_scores_are_the_cosines_of_pictures_and_caption(pair_run):
    pictures = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), "uint8")
    found = caption_scorer(pair_run)("a red circle", pictures)
    pair = PairRun.of(pair_run)
    images = pair.embed("image", pair.sides["image"].data.open(pictures))
    assert_close(found, images @ pair.embed_texts(["a red circle"])[0], SUM)
    assert len(np.unique(found)) == 3


def test_a_run_that_is_none_of_pairs_is_refused(caption_run):
    with pytest.raises(ValueError, match="no finished run of pairs"):
        caption_scorer(caption_run)
