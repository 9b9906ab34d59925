"""What is watched while a method trains."""

from mmssl.training.pretraining import pretrain
from tests.contract.cases import all_cases


def columns_of_a_run(name, folder):
    """Returns the names of the figures in the history of a short run that is watched."""
    case = all_cases()[name]
    fixed = ("--fit.steps=1", "--fit.monitor_examples=4")
    pretrain(case.recipe, folder, [*case.tiny, *fixed], quiet=True)
    return (folder / "history.csv").read_text().splitlines()[0].split(",")


def test_tiles_that_are_smaller_than_pictures_are_not_watched_for_being_alike(tmp_path):
    columns = columns_of_a_run("jigsaw", tmp_path / "run")
    assert "rankme" in columns
    assert "alignment" not in columns
