"""Sources become codes in shards, by a command that says how many."""

import numpy as np
import pytest
from PIL import Image

from mmssl.cli import main
from mmssl.pipelines.codes import Codes
from mmssl.runs.coders import open_coder, open_coders


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("cats/a.png", "cats/b.png", "dogs/c.png"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (8, 8, 3), "uint8")).save(path)
    return tmp_path / "photos"


def command(*arguments):
    return main([str(argument) for argument in arguments])


def test_a_folder_of_codes_has_names_labels_and_what_decodes_them(
    tokenizer_run, photos, tmp_path, capsys
):
    out = tmp_path / "codes"
    given = (tokenizer_run.folder, photos, "--data.label_column", "folder", "--out", out)
    assert command("tokenize", *given) == 0
    assert "3 items of codes 2 x 2 out of 8" in capsys.readouterr().out
    data = Codes(str(out), batch_size=2).prepare()
    assert list(data.items.names) == ["cats/a.png", "cats/b.png", "dogs/c.png"]
    assert data.items.labels.tolist() == ["cats", "cats", "dogs"]
    encode, _ = open_coders(tokenizer_run.folder)
    [pictures] = tokenizer_run.data.examples(str(photos)).as_numpy_iterator()
    [found] = data.examples(data.items).as_numpy_iterator()
    np.testing.assert_array_equal(found["codes"], encode(pictures)["codes"])
    assert open_coder(tokenizer_run.folder).spec == data.spec
    assert (out / "code_decoder.keras").stat().st_size > 0
    assert command("tokenize", *given) == 0  # which finds all of it done


def test_codes_of_other_data_are_refused(tokenizer_run, photos, tmp_path, capsys):
    out = tmp_path / "codes"
    assert command("tokenize", tokenizer_run.folder, photos, "--out", out) == 0
    assert command("tokenize", tokenizer_run.folder, "builtin:photos", "--out", out) == 2
    assert "holds codes of other data or of another tokenizer" in capsys.readouterr().err


def test_a_run_without_codes_is_refused(run_without_codes, photos, tmp_path, capsys):
    assert command("tokenize", run_without_codes, photos, "--out", tmp_path / "codes") == 2
    assert "only a finished run of a tokenizer" in capsys.readouterr().err
    assert not (tmp_path / "codes").exists()
