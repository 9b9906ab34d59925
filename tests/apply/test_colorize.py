import re

import numpy as np
import pytest
from PIL import Image

from mmssl.apply.colorize import colorize_files
from mmssl.cli import main
from mmssl.layers import rgb_to_lab
from tests.tolerances import assert_within


def test_a_painted_picture_keeps_its_lightness(picture_run, tmp_path):
    gray = np.linspace(60, 200, 32, dtype="uint8")[None, :, None].repeat(32, 0).repeat(3, 2)
    Image.fromarray(gray).save(tmp_path / "ramp.png")
    [path] = colorize_files(picture_run, [str(tmp_path / "ramp.png")], tmp_path / "out")
    assert path == tmp_path / "out" / "ramp.png"
    painted = np.asarray(Image.open(path))
    assert painted.shape == (32, 32, 3)
    lightness = [np.asarray(rgb_to_lab(x / np.float32(255)))[..., 0] for x in (gray, painted)]
    assert_within(lightness[1], lightness[0], 3)


def test_a_run_of_another_method_is_refused(sound_run, tmp_path):
    with pytest.raises(ValueError, match=r"trained by CPC, not by Colorization"):
        next(colorize_files(sound_run, ["x.png"], tmp_path))


def test_the_command_refuses_a_corrupt_picture_by_name_and_reason(picture_run, tmp_path, capsys):
    picture = tmp_path / "holiday.jpg"
    picture.write_bytes(b"\xff\xd8\xff no picture")
    command = ["colorize", str(picture_run.folder), str(picture), "--out", str(tmp_path / "out")]
    assert main(command) == 2
    assert re.fullmatch(r"mmssl: .*holiday\.jpg \(.+\)\n", capsys.readouterr().err)
