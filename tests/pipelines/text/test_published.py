"""Published vocabularies: the reference's ids, the special tokens, and what is refused."""

import json

import numpy as np
import pytest

from mmssl.pipelines.text import Passages, SentencePairs, TokenBlocks
from mmssl.pipelines.text.vocabularies import read_vocabulary
from tests.published import ODD, SIZE, WRITERS, lines

ROLES = ("pad", "mask", "cls", "sep")
TEXTS = [" ".join(lines()[i : i + 20]) for i in range(0, 200, 20)]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Path and reference of a vocabulary of every format."""
    return {name: write(tmp_path_factory.mktemp(name)) for name, write in WRITERS.items()}


@pytest.fixture
def copied(written, tmp_path):
    """A function that copies a vocabulary to a folder of its own, and returns its path."""

    def copy(name):
        path = written[name][0]
        for file in path.parent.iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        return tmp_path / path.name

    return copy


@pytest.mark.parametrize("name", WRITERS)
def test_the_ids_are_those_of_the_reference_on_a_thousand_lines(name, written):
    path, reference = written[name]
    long = " ".join(lines() * 4)  # more than is tokenized at once
    texts = [*lines(), *ODD, long]
    tokenizer = read_vocabulary(path, ROLES)
    assert len(long) > 100_000
    expected = [list(reference(text)) for text in texts]
    assert [ids.tolist() for ids in tokenizer.ids(texts)] == expected
    assert tokenizer(texts).to_list() == expected


@pytest.mark.parametrize("name", WRITERS)
def test_missing_special_tokens_follow_the_table_and_move_no_id(name, written):
    path, _ = written[name]
    tokenizer = read_vocabulary(path, ROLES)
    special = tokenizer.specials
    assert len({special.pad, special.mask, special.cls}) == 3
    assert special.pad != special.sep
    assert len(tokenizer) == SIZE + len(tokenizer.added)
    assert tokenizer.vocabulary[:SIZE] == read_vocabulary(path, ()).vocabulary
    expected = [] if "cased" in name else ["[PAD]", "[MASK]"]
    assert tokenizer.added == expected
    assert not expected or (special.pad, special.mask) == (SIZE, SIZE + 1)


@pytest.mark.parametrize("name", WRITERS)
def test_a_prompt_knows_the_mask_by_one_name(name, written):
    tokenizer = read_vocabulary(written[name][0], ROLES)
    (ids,) = tokenizer.prompt(["a test of [MASK] things"]).to_list()
    assert ids.count(tokenizer.specials.mask) == 1
    (before, after) = (x.tolist() for x in tokenizer.ids(["a test of", " things"]))
    assert ids == [*before, tokenizer.specials.mask, *after]
    assert tokenizer.specials.mask not in tokenizer.ids(["a test of [MASK] things"])[0]


@pytest.mark.parametrize("name", WRITERS)
def test_text_comes_back_without_special_tokens(name, written):
    tokenizer = read_vocabulary(written[name][0], ROLES)
    special, text = tokenizer.specials, "and the test is"
    ids = [special.cls, *tokenizer.ids([text])[0], special.sep, special.pad]
    assert tokenizer.decode(ids).strip() == text


def test_a_cased_vocabulary_is_known_by_its_capitals_or_its_settings(copied):
    path = copied("cased")
    assert read_vocabulary(path, ()).ids(["A"])[0] != read_vocabulary(path, ()).ids(["a"])[0]
    settings = {"do_lower_case": True, "tokenizer_class": "BertTokenizerFast"}
    (path.parent / "tokenizer_config.json").write_text(json.dumps(settings))
    lowered = read_vocabulary(path, ())
    assert lowered.ids(["A"])[0] == lowered.ids(["a"])[0]


def test_uncased_text_is_lowercased_without_a_word_about_it(written):
    tokenizer = read_vocabulary(written["uncased"][0], ())
    np.testing.assert_array_equal(*tokenizer.ids(["The Café", "the cafe"]))


def test_settings_name_the_special_tokens(copied):
    path = copied("byte_pairs")
    named = {"pad_token": {"content": "a"}, "mask_token": "b", "eos_token": "c"}
    (path.parent / "tokenizer_config.json").write_text(json.dumps(named))
    tokenizer = read_vocabulary(path, ROLES)
    names = [tokenizer.vocabulary[getattr(tokenizer.specials, x)] for x in ("pad", "mask", "end")]
    assert names == ["a", "b", "c"]


def test_a_vocabulary_in_a_folder_is_found_and_another_is_another(copied, written):
    path = copied("cased")
    one = read_vocabulary(path.parent, ROLES)
    assert one.fingerprint() == read_vocabulary(written["cased"][0], ROLES).fingerprint()
    assert one.fingerprint() != read_vocabulary(written["uncased"][0], ROLES).fingerprint()
    (path.parent / "tokenizer_config.json").write_text('{"strip_accents": true}')
    assert one.fingerprint() != read_vocabulary(path, ROLES).fingerprint()


@pytest.mark.parametrize(
    ("name", "file", "change", "said"),
    [
        ("uncased", "vocab.txt", lambda raw: raw + b"the\n", r"vocab.txt .* 'the' twice, in lines"),
        ("uncased", "vocab.txt", lambda raw: b"A page of text.\n", "line 1 is not one token"),
        ("uncased", "vocab.txt", lambda raw: b"[PAD]\na\n", r"vocab.txt .* has no \[UNK\]"),
        ("uncased", "vocab.txt", lambda raw: b"\xff\xfe", "vocab.txt .* not UTF-8"),
        ("byte_pairs", "merges.txt", None, "vocab.json .* merges.txt is missing beside it"),
        ("byte_pairs", "merges.txt", lambda raw: raw + b"qq zz\n", "merges do not match: .*qq"),
        ("byte_pairs", "merges.txt", lambda raw: raw + raw, "vocab.json .* merges have .* twice"),
        ("byte_pairs", "merges.txt", lambda raw: b"a b c\n", "merge 1 is not a pair"),
        ("byte_pairs", "vocab.json", lambda raw: raw[:99], "vocab.json .* not JSON"),
        ("byte_pairs", "vocab.json", lambda raw: b"[1]", "not a JSON object from token to id"),
        ("byte_pairs", "vocab.json", lambda raw: b'{"a": 0}', "lacks 255 of the 256 bytes"),
        ("byte_pairs", "vocab.json", lambda raw: raw.replace(b":1,", b":0,"), "not 0 to 599"),
        ("unigram", "spiece.model", lambda raw: raw[:999], "spiece.model .* is damaged"),
        ("unigram", "spiece.model", lambda raw: b"", "spiece.model .* has no pieces"),
    ],
)
def test_what_is_no_vocabulary_is_refused_by_its_name(name, file, change, said, copied):
    path = copied(name)
    changed = path.parent / file
    if change is None:
        changed.unlink()
    else:
        changed.write_bytes(change(changed.read_bytes()))
    with pytest.raises(ValueError, match=said):
        read_vocabulary(path, ROLES)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[]", "tokenizer_config.json is damaged"),
        ('{"do_lower_case": "no"}', "do_lower_case is 'no', neither true nor false"),
        ('{"tokenizer_class": "XLNetTokenizer"}', "says XLNetTokenizer, whose ids are others"),
    ],
)
def test_settings_that_cannot_be_followed_are_refused(settings, said, copied):
    path = copied("uncased")
    (path.parent / "tokenizer_config.json").write_text(settings)
    with pytest.raises(ValueError, match=said):
        read_vocabulary(path, ROLES)


def test_a_path_without_one_vocabulary_is_refused(copied, tmp_path):
    with pytest.raises(ValueError, match=r"gone.txt does not exist: give the folder of a text run"):
        SentencePairs(TEXTS, vocabulary=tmp_path / "gone.txt").prepare()
    copied("uncased"), copied("unigram")
    with pytest.raises(ValueError, match=r"several vocabularies \(vocab.txt, spiece.model\)"):
        read_vocabulary(tmp_path, ROLES)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ValueError, match=r"tokenizer.json is of no known format"):
        read_vocabulary(tmp_path / "tokenizer.json", ROLES)


@pytest.mark.parametrize("name", ["uncased", "byte_pairs", "unigram"])
def test_examples_have_the_special_tokens_of_the_vocabulary(name, written):
    data = SentencePairs(
        TEXTS, length=32, max_predictions=8, vocabulary=written[name][0], batch_size=8
    )
    special = data.prepare().tokenizer.specials
    assert data.encoder_arguments() == {"vocabulary_size": len(data.tokenizer), "length": 32}
    assert data.method_arguments()["special_ids"] == special.ids()
    batch = next(data.batches().as_numpy_iterator())
    ids, there = batch["token_ids"], batch["padding_mask"] == 1
    assert (ids[:, 0] == special.cls).all()
    assert (ids[np.arange(8), there.sum(1) - 1] == special.sep).all()
    assert (ids[~there] == special.pad).all()
    assert special.mask in ids
    assert not np.isin(batch["masked_ids"], [special.mask, special.pad])[
        batch["masked_weights"] > 0
    ].any()


@pytest.mark.parametrize("name", ["uncased", "byte_pairs", "unigram"])
def test_blocks_end_documents_with_the_token_of_the_vocabulary(name, written):
    path, reference = written[name]
    data = TokenBlocks(TEXTS[:3], length=16, vocabulary=path, cross_documents=False).prepare()
    end = data.tokenizer.specials.end
    assert data.encoder_arguments() == {"vocabulary_size": SIZE, "length": 16, "separator": end}
    expected = [end, *(i for text in TEXTS[:3] for i in (*reference(text), end))]
    assert data._tokens.numpy().tolist() == expected
    encoded = data.encode(["a", "a test of it"])
    assert encoded["padding_mask"].numpy()[0].sum() == len(reference("a"))


def test_sentences_of_running_byte_pairs_keep_the_blank_before_them(written):
    path, reference = written["byte_pairs"]
    data = Passages(["The first is. The other is."], length=32, vocabulary=path, batch_size=1)
    data.prepare()
    assert data._corpus.tokens.numpy().tolist() == reference("The first is. The other is.")
