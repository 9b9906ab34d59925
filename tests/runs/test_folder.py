"""The run folder after a process that was killed while it wrote."""

from mmssl.files import BESIDE
from mmssl.runs import RunFolder


def begun(path):
    """What a process leaves that is killed while it writes a file."""
    left = path.with_name(f"{BESIDE}killed")
    left.mkdir(parents=True)
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
    with folder.claim():
        folder.keep_config({"recipe": "audio/cpc"})
    assert folder.read_config() == {"recipe": "audio/cpc"}
