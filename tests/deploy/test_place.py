import pytest

from mmssl.deploy.place import placed


def test_a_file_appears_when_the_block_has_succeeded(tmp_path):
    path = tmp_path / "new" / "encoder.onnx"
    with placed(path) as written:
        written.write_text("weights")
        assert not path.exists()
        assert written.name == path.name
    assert path.read_text() == "weights"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_replaces_a_folder(tmp_path):
    path = tmp_path / "model"
    for content in ("old", "new"):
        with placed(path) as written:
            written.mkdir()
            (written / content).write_text(content)
    assert [file.name for file in path.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_what_lay_there_and_nothing_else(tmp_path):
    path = tmp_path / "encoder.onnx"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), placed(path) as written:
        written.with_name("half").write_text("half")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
