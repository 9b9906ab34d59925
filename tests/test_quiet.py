import logging
import os

import pytest

from mmssl.quiet import quiet, quiet_logger


def test_nothing_reaches_standard_error_until_the_block_ends(capfd):
    with quiet():
        os.write(2, b"a note\n")
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "afterwards\n"


def test_errors_pass_and_standard_error_comes_back(capfd):
    with pytest.raises(ValueError, match="wrong"), quiet():
        raise ValueError("wrong")
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "afterwards\n"


def test_a_logger_is_left_as_it_was(caplog):
    logger = logging.getLogger("talkative")
    logger.setLevel(logging.INFO)
    with quiet_logger("talkative"):
        logger.info("within")
    logger.info("after")
    assert caplog.messages == ["after"]
