import numpy as np
import pytest
import soundfile

from mmssl.apply.embed import embed_files
from mmssl.evaluation.probes.features import embed
from tests.tolerances import SUM, assert_close


@pytest.fixture
def sounds(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(5):
        path = tmp_path / f"folder{i % 2}" / f"{i}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, rng.normal(0, 0.1, 4000 + 500 * i), 8000)
    return tmp_path


@pytest.mark.parametrize("layer", [None, "block_2"])
def test_the_vectors_are_those_of_the_encoder(sound_run, sounds, tmp_path, layer):
    out = tmp_path / "vectors.npz"
    count, width = embed_files(sound_run, [str(sounds)], out, layer)
    with np.load(out, allow_pickle=False) as archive:
        names, vectors = archive["names"], archive["vectors"]
    assert names.tolist() == ["folder0/0.wav", "folder0/2.wav", "folder0/4.wav",
                              "folder1/1.wav", "folder1/3.wav"]  # fmt: skip
    assert vectors.shape == (count, width)
    examples = sound_run.data.examples(str(sounds), batch_size=2)
    expected = embed(sound_run.encoder, examples, layer)
    assert_close(vectors, expected, SUM)


def test_several_files_and_folders_are_embedded_in_their_order(sound_run, sounds, tmp_path):
    out = tmp_path / "vectors.npz"
    embed_files(sound_run, [str(sounds / "folder1"), str(sounds / "folder0" / "4.wav")], out)
    with np.load(out, allow_pickle=False) as archive:
        assert archive["names"].tolist() == ["folder1/1.wav", "folder1/3.wav", "folder0/4.wav"]


def test_a_file_that_cannot_be_read_is_skipped_and_named(sound_run, sounds, tmp_path, caplog):
    out = tmp_path / "vectors.npz"
    (sounds / "folder0" / "2.wav").write_bytes(b"RIFF no sound")
    count, _ = embed_files(sound_run, [str(sounds)], out)
    assert "skipped 1 of 5 items: folder0/2.wav (" in caplog.text
    with np.load(out, allow_pickle=False) as archive:
        assert len(archive["vectors"]) == count == 4
        assert "folder0/2.wav" not in archive["names"]


def test_files_that_cannot_be_read_leave_the_old_vectors_whole(sound_run, sounds, tmp_path):
    out = tmp_path / "vectors.npz"
    embed_files(sound_run, [str(sounds)], out)
    before = out.read_bytes()
    for name in ("0.wav", "2.wav"):
        (sounds / "folder0" / name).write_bytes(b"RIFF no sound")
    with pytest.raises(ValueError, match=r"2 of 5 items cannot be read.*folder0/0\.wav \("):
        embed_files(sound_run, [str(sounds)], out)
    assert out.read_bytes() == before
    assert list(tmp_path.glob(".beside*")) == []


def test_the_output_is_an_npz(sound_run, sounds):
    with pytest.raises(ValueError, match=r"--out must be an \.npz file"):
        embed_files(sound_run, [str(sounds)], "vectors.txt")
