import pytest

from mmssl.apply.images import check_folder


@pytest.mark.parametrize("name", ["page.jpg", "rebuilt.txt", "sounds/word.wav", "page.html"])
def test_a_folder_with_the_ending_of_a_file_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match=rf"out=.*{name} has the ending of a file"):
        check_folder(tmp_path / name)


@pytest.mark.parametrize("name", ["rebuilt", "rebuilt/", "of.run.3", "v1.2"])
def test_other_names_are_folders(tmp_path, name):
    check_folder(tmp_path / name)


def test_a_folder_that_is_there_may_be_called_anything(tmp_path):
    folder = tmp_path / "old.txt"
    folder.mkdir()
    check_folder(folder)
