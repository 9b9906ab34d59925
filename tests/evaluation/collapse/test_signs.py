import numpy as np

from mmssl.evaluation.collapse.diagnostics import diagnose
from mmssl.evaluation.collapse.signs import collapse_signs, projection_signs
from tests.evaluation.collapse.watching import drawn


def test_a_narrow_cone_at_the_start_is_no_collapse():
    rng = np.random.default_rng(0)
    cone = 10 + rng.normal(size=(200, 16))
    narrow = diagnose(cone)
    assert narrow["mean_cosine"] > 0.95
    assert collapse_signs(narrow, cone.shape)
    assert not collapse_signs(narrow, cone.shape, start=narrow)
    assert collapse_signs(diagnose(cone + 100), cone.shape, start=narrow)


def test_embeddings_that_get_better_are_excused_unless_they_are_dead():
    wide, narrow, narrower = drawn(), drawn(mean=6), drawn(mean=16)
    shape = (128, 16)
    for before in ([narrow], [narrow, narrower]):
        assert set(collapse_signs(narrower, shape, wide, before)) == {"spread", "cosine"}
    assert collapse_signs(narrow, shape, wide, [narrower]) == {}
    assert collapse_signs(narrow, shape, wide, []) == {}
    assert set(collapse_signs(drawn(0.0), shape, wide, [])) == {"spread", "rank"}


def test_a_spread_that_doubles_from_look_to_look_is_no_collapse_however_small():
    """MobileNetV3, until the moving statistics of its batch norms have followed."""
    looks = [
        drawn() | {"embedding_std_ratio": spread, "rankme": 1.0, "top_variance_ratio": 1.0}
        for spread in (2e-7, 2e-6, 2e-5, 3e-5)
    ]
    for signs in (
        lambda now, before: collapse_signs(now, (128, 16), drawn(0.0), before),
        projection_signs,
    ):
        assert signs(looks[0], [])
        assert signs(looks[1], looks[:1]) == signs(looks[2], looks[:2]) == {}
        assert signs(looks[3], looks[:3])


def test_a_low_rank_counts_below_a_tenth_of_that_before_training():
    """data2vec on sound keeps a fifth of it, and learns."""
    start, shape = drawn() | {"rankme": 70.0}, (256, 256)
    for rank, signs in ((14.0, set()), (6.9, {"rank"})):
        now = drawn() | {"rankme": rank}
        assert set(collapse_signs(now, shape, start, [start])) == signs


def test_projections_are_sound_until_their_spread_or_most_of_their_rank_is_lost():
    draw = np.random.default_rng(0)
    sound = drawn()
    assert projection_signs(sound, []) == projection_signs(sound, [sound]) == {}
    few = diagnose(draw.normal(size=(128, 3)) @ draw.normal(size=(3, 16)))
    assert set(projection_signs(few, [sound, few])) == {"projected effective rank"}
    assert projection_signs(few, [few]) == {}


def test_a_rank_that_falls_while_the_variance_spreads_is_no_collapse():
    """As Barlow Twins on photographs: whose rank falls, its variance less along one direction."""
    first = drawn() | {"rankme": 104.0, "top_variance_ratio": 0.25}
    later = drawn() | {"rankme": 25.0, "top_variance_ratio": 0.16}
    assert projection_signs(later, [first, later]) == {}
    gathered = later | {"top_variance_ratio": 0.3}
    assert set(projection_signs(gathered, [first])) == {"projected effective rank"}


def test_projections_that_are_narrow_are_excused_at_first_and_while_their_spread_rises():
    narrow, narrower = drawn(mean=3), drawn(mean=4)
    assert projection_signs(narrow, []) == {}
    assert projection_signs(narrow, [narrower]) == {}
    assert set(projection_signs(narrower, [narrow])) == {"projected spread"}
    assert "projected spread" in projection_signs(drawn(0.0), [])


def test_projections_near_a_line_are_excused_at_first_and_while_they_leave_it():
    """Their spread is even and their mean cosine low: two opposite heaps."""
    line = drawn(4.0, *[0.5] * 15)
    nearer = drawn(4.0, *[0.4] * 15)
    assert line["embedding_std_ratio"] > 0.5
    assert abs(line["mean_cosine"]) < 0.1
    assert projection_signs(line, []) == projection_signs(line, [nearer]) == {}
    text = projection_signs(nearer, [line])["projected line"]
    assert "of the variance of their projections lies along one direction" in text


def test_projections_that_shrink_are_found_where_their_length_counts():
    def looks(*deviations):
        return [{**drawn(), "std": std} for std in deviations]

    *before, now = looks(0.1, 1.0, 0.5)
    assert projection_signs(now, before) == {}
    *before, now = looks(0.1, 1.0, 0.3)
    text = projection_signs(now, before)["projected standard deviation"]
    assert text == "the standard deviation of their projections has fallen from 1 to 0.3"
