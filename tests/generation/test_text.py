import pytest

from mmssl.generation import generate_text


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"temperature": 0},
        {"top_k": 5, "count": 3},
        {"top_p": 0.8, "temperature": 0.7},
        {"top_p": 0.8, "top_k": 20},
        {"beams": 3, "count": 2},
    ],
)
def test_texts_begin_with_the_prompt_and_go_on(language_run, how):
    prompt = "Return the naïve 🙂"
    texts = generate_text(language_run, prompt, tokens=8, **how)
    assert len(texts) == how.get("count", 1)
    assert all(text.startswith(prompt) for text in texts)


def test_the_seed_settles_the_text(language_run):
    first, second, other = (generate_text(language_run, "a", 20, seed=n) for n in (0, 0, 1))
    assert first == second != other


def test_without_a_prompt_a_document_begins(language_run):
    (text,) = generate_text(language_run, tokens=20, seed=2)
    assert "<|endoftext|>" not in text
    assert "<|padding|>" not in text


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"tokens": 48}, r"1 tokens, and 48 more exceed the encoder's context of 48"),
        ({"tokens": 0}, r"tokens must be 1 or more; got 1 and 0"),
        ({"count": 0}, r"count must be 1 or more; got 0"),
        ({"temperature": -1}, r"temperature must be 0 or more; got -1"),
        ({"top_k": 401}, r"top_k must be from 1 to the vocabulary size, 400; got 401"),
        ({"top_p": 1.5}, r"top_p must be above 0 and at most 1; got 1.5"),
        ({"beams": 2, "top_k": 3}, r"omit top_k"),
        ({"beams": 2, "count": 3}, r"2 beams give at most 2 texts; got count=3"),
        ({"temperature": 0, "count": 2}, r"greedy decoding, which gives a single text"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(language_run, how, message):
    with pytest.raises(ValueError, match=message):
        generate_text(language_run, "a", **how)


def test_a_run_of_another_method_is_refused(text_run):
    with pytest.raises(ValueError, match=r"trained by BERT, not by GPT"):
        generate_text(text_run, "a")
