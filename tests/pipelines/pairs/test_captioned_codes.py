"""Codes with captions: what belongs together, what is left out, and what a run folder keeps."""

import numpy as np
import pytest
from PIL import Image

from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.pairs import CaptionedCodes
from tests.contract.coded import ENTRIES, SHAPES, coded_shapes
from tests.pipelines.elements import elements

SIZES = {"length": 12, "vocabulary_size": 200, "batch_size": 4}


class Brightness:
    """Encodes each quarter of a picture as how bright it is."""

    spec = SHAPES

    def __init__(self):
        self.data = ImageCrops("builtin:photos", size=2)

    def encode(self, source):
        for batch in self.data.examples(source).as_numpy_iterator():
            bright = batch["images"].mean(axis=-1).reshape(len(batch["images"]), -1)
            yield from np.rint((ENTRIES - 1) * bright).astype("int32")


@pytest.fixture
def table(tmp_path):
    """Pictures of one brightness each, named after it; one has no caption."""
    rows = ["file\tcaption\tlabel"]
    for number in range(ENTRIES):
        level = np.full((4, 4, 3), round(255 * number / (ENTRIES - 1)), "uint8")
        Image.fromarray(level).save(tmp_path / f"{number}.png")
        rows.append(f"{number}.png\t{'' if number == 3 else f'bright {number}'}\t{number % 2}")
    (tmp_path / "captions.tsv").write_text("\n".join(rows) + "\n")
    return tmp_path / "captions.tsv"


def of_table(table, tmp_path):
    SHAPES.write(tmp_path)
    data = CaptionedCodes(str(table), tokens=str(tmp_path), **SIZES)
    data.tokenizer = Brightness()
    return data


def said(data, batch):
    ids, mask = batch["token_ids"], batch["padding_mask"]
    pairs = zip(ids, mask, strict=True)
    return [data.captions.tokenizer.decode(row[seen > 0]) for row, seen in pairs]


def test_each_picture_has_its_own_caption_and_one_without_is_left_out(table, tmp_path):
    data = of_table(table, tmp_path).prepare()
    assert len(data.items) == ENTRIES - 1
    assert ("3.png", "without a caption") in data.items.left_out
    found = elements(data, 2 * len(data.items))
    for codes, text in zip(found["codes"], said(data, found), strict=True):
        assert text == f"[CLS] bright {codes[0, 0]} [SEP]"
        assert (codes == codes[0, 0]).all()


def test_captioned_examples_are_in_order_and_examples_have_empty_captions(table, tmp_path):
    data = of_table(table, tmp_path).prepare()
    batch = next(data.captioned_examples(data.items, 5).as_numpy_iterator())
    numbers = [0, 1, 2, 4, 5]
    assert batch["codes"][:, 0, 0].tolist() == numbers
    assert said(data, batch) == [f"[CLS] bright {number} [SEP]" for number in numbers]
    plain = next(data.examples(data.items, 5).as_numpy_iterator())
    np.testing.assert_array_equal(plain["codes"], batch["codes"])
    assert set(said(data, plain)) == {"[CLS] [SEP]"}


def test_a_folder_of_codes_is_read_without_its_tokenizer():
    data = CaptionedCodes(coded_shapes(), **SIZES).prepare()
    about = data.encoder_arguments()
    assert (about["entries"], about["code_shape"], about["length"]) == (ENTRIES, (2, 2), 12)
    assert "test" not in set(data.items.splits)
    batch = next(data.batches().as_numpy_iterator())
    assert {name: x.shape for name, x in batch.items()} == {
        "codes": (4, 2, 2),
        "token_ids": (4, 12),
        "padding_mask": (4, 12),
    }


def test_a_run_folder_keeps_codes_and_vocabulary(tmp_path):
    data = CaptionedCodes(coded_shapes(), **SIZES).prepare(tmp_path)
    again = CaptionedCodes(coded_shapes(), **SIZES)
    again.restore(tmp_path)
    assert again.spec == data.spec
    for name, ids in data.encode(["a red circle"]).items():
        np.testing.assert_array_equal(again.encode(["a red circle"])[name], ids)


def test_a_source_without_captions_is_refused():
    with pytest.raises(ValueError, match="no column 'said' of captions"):
        CaptionedCodes(coded_shapes(), caption_column="said", **SIZES).prepare()
