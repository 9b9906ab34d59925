import pytest

from mmssl.apply import fill as filling
from mmssl.apply.fill import fill
from tests.tiny_runs import tiny_run

TEXTS = ["The <mask> returns a <mask>.", "A list is <mask> of items"]


@pytest.fixture(scope="module", params=["t5", "bart"])
def run(request, tmp_path_factory):
    return tiny_run(request.param, tmp_path_factory)


def test_each_text_gets_as_many_answers_as_beams_the_likeliest_first(run):
    for answers in fill(run, TEXTS, beams=3, tokens=4):
        chances = [chance for _, chance in answers]
        assert len(answers) == 3
        assert chances == sorted(chances, reverse=True)
        assert 0 < sum(chances) <= 1
        assert not any("<mask>" in text or "[MASK]" in text for text, _ in answers)


def test_answers_for_many_texts_are_those_for_each(run):
    together = fill(run, TEXTS, beams=2, tokens=3)
    alone = [fill(run, [text], beams=2, tokens=3)[0] for text in TEXTS]
    texts = [[text for text, _ in answers] for answers in together]
    assert texts == [[text for text, _ in answers] for answers in alone]


def test_a_text_stays_as_it_is_before_its_first_mask(run):
    for text, answers in zip(TEXTS, fill(run, TEXTS, beams=2, tokens=3), strict=True):
        given = text.lower().partition(" <mask>")[0]
        assert [found.lower().startswith(given) for found, _ in answers] == [True, True]


def test_what_a_sentinel_stands_for_takes_the_place_of_its_mask():
    class Data:
        class tokenizer:  # noqa: N801 - an attribute of a pipeline
            @staticmethod
            def decode(ids):
                return " ".join(f"word{i}" for i in ids)

        @staticmethod
        def sentinel(number):
            return 99 - number

    found = filling._filled(Data, "A <mask> b <mask>!", [99, 5, 6, 98, 7])
    assert found == "A word5 word6 b word7!"
    # A sentinel that was not written stands for nothing.
    assert filling._filled(Data, "A <mask> b <mask>!", [99, 5]) == "A word5 b !"


@pytest.mark.parametrize(
    ("texts", "options", "reason"),
    [
        (["no gap"], {}, "one <mask> or more"),
        (["word " * 100 + "<mask>"], {}, "shorten it"),
        (TEXTS, {"beams": 0}, "beams must be 1 or more"),
        (TEXTS, {"tokens": 0}, "tokens must be 1 or more"),
    ],
)
def test_what_cannot_be_filled_is_refused_in_a_sentence(run, texts, options, reason):
    with pytest.raises(ValueError, match=reason):
        fill(run, texts, **options)


def test_a_run_of_another_method_is_refused(text_run):
    with pytest.raises(ValueError, match="trained by BERT, which writes no text into gaps"):
        fill(text_run, TEXTS)
