import pytest

from mmssl.apply.fill_mask import fill_mask


def test_every_mask_gets_its_likeliest_tokens(text_run):
    fills = fill_mask(text_run, "The [MASK] returns a [MASK].", top=3)
    assert [len(answers) for answers in fills] == [3, 3]
    for answers in fills:
        probabilities = [probability for _, probability in answers]
        assert probabilities == sorted(probabilities, reverse=True)
        assert 0 < sum(probabilities) <= 1
        assert all(isinstance(token, str) for token, _ in answers)


def test_a_text_without_a_mask_is_refused(text_run):
    with pytest.raises(ValueError, match=r"there must be one"):
        fill_mask(text_run, "The function returns a list.")


def test_a_mask_beyond_the_encoders_length_is_refused(text_run):
    with pytest.raises(ValueError, match=r"among its first 48 tokens"):
        fill_mask(text_run, "word " * 100 + "[MASK]")


def test_a_run_of_another_method_is_refused(sound_run):
    with pytest.raises(ValueError, match=r"trained by CPC, not by BERT"):
        fill_mask(sound_run, "[MASK]")
