"""The run folder: its format, and what a process killed while writing leaves behind."""

import pytest
import yaml

from mmssl.files import LOCK, TEMPORARY_PREFIX
from mmssl.runs import RunFolder
from mmssl.runs.checksums import CHECKSUMS
from mmssl.runs.folder import FORMAT

CONFIG = {"recipe": "audio/cpc"}


def begun(path):
    """What a process leaves that is killed while it writes a file."""
    left = path.with_name(f"{TEMPORARY_PREFIX}killed")
    left.mkdir(parents=True)
    (left / LOCK).touch()
    (left / path.name).write_text("half")
    return left


def test_the_checkpoint_that_a_killed_run_had_begun_is_removed(tmp_path):
    folder = RunFolder(tmp_path / "run")
    left = begun(folder.checkpoint)
    folder.checkpoint.write_text("whole")
    with folder.claim():
        assert not left.exists()
        assert folder.checkpoint.read_text() == "whole"


def test_a_run_killed_while_it_wrote_its_first_file_goes_on(tmp_path):
    folder = RunFolder(tmp_path / "run")
    begun(folder.config)
    (folder.path / CHECKSUMS).write_text('{"config.yaml": ["00000000"]}')  # comes before the file
    with folder.claim():
        folder.keep_config({"recipe": "audio/cpc"})
    assert folder.read_config() == {"recipe": "audio/cpc"}


def folder_of(tmp_path, **config):
    """A run folder whose config.yaml holds exactly these keys."""
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.config.write_text(yaml.safe_dump(config))
    return folder


def test_the_format_is_the_first_key_of_the_config(tmp_path):
    folder = RunFolder(tmp_path / "run")
    with folder.claim():
        folder.keep_config(CONFIG)
    assert folder.config.read_text().splitlines()[0] == f"format: {FORMAT}"


def test_a_folder_of_this_format_is_continued_and_read_without_the_format(tmp_path):
    folder = folder_of(tmp_path, format=FORMAT, **CONFIG)
    folder.keep_config(CONFIG)
    assert folder.read_config() == CONFIG


@pytest.mark.parametrize(
    ("formats", "found", "remedy"),
    [
        ({}, "(none: written by a version before formats were counted)", "train it again"),
        ({"format": FORMAT - 1}, f"({FORMAT - 1})", "train it again in a new folder"),
        ({"format": "one"}, "('one')", "train it again in a new folder"),
        ({"format": FORMAT + 1}, f"({FORMAT + 1})", "install a newer mmssl"),
    ],
)
def test_another_format_is_refused_with_what_to_do(tmp_path, formats, found, remedy):
    folder = folder_of(tmp_path, **formats, **CONFIG)
    for use in (folder.read_config, lambda: folder.keep_config(CONFIG)):
        with pytest.raises(ValueError, match="another run folder format") as refusal:
            use()
        message = str(refusal.value)
        assert str(folder.path) in message
        assert found in message
        assert f"reads ({FORMAT})" in message
        assert remedy in message
