"""Makes video files of photographs: a camera that pans over each, or zooms in or out.

python benchmarks/pan_and_zoom.py photos/ videos/ --count 600

Each video shows one picture of the folder, and moves in one of six ways, which labels.tsv tells
(`motion`), beside the split. They are real files of a real codec (H.264 in MP4, animated WebP, GIF)
with a key frame in every twelve frames, and real pictures; the motion is made. A single frame says
next to nothing of it. PyAV writes them: pip install 'mmssl[video]'.
"""

import argparse
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

SIDE, FRAMES, RATE, KEY_FRAMES = 64, 30, 15, 12
MOTIONS = ("left", "right", "up", "down", "in", "out")
ENDINGS = (".mp4",) * 8 + (".webp", ".gif")


def boxes(motion, speed, draw):
    """Draws where the camera looks, frame by frame, in shares of the picture.

    Args:
        motion: one of MOTIONS.
        speed: share of the picture that passes in a video, 0 to 1.
        draw: numpy.random.Generator.

    Returns:
        float array (FRAMES, 3): left and top of a square, and its side.
    """
    time = np.linspace(0, 1, FRAMES)
    side = draw.uniform(0.45, 0.6)
    if motion in ("in", "out"):
        sides = side + (0.95 - side) * (time if motion == "out" else time[::-1])
        center = draw.uniform(0.48, 0.52, 2)
        return np.stack([center[0] - sides / 2, center[1] - sides / 2, sides], axis=1)
    way = time * speed * (1 - side)
    start = draw.uniform(0, (1 - side) * (1 - speed))
    along = start + (way if motion in ("right", "down") else way[::-1])
    across = np.full(FRAMES, draw.uniform(0, 1 - side))
    pair = (along, across) if motion in ("left", "right") else (across, along)
    return np.stack([*pair, np.full(FRAMES, side)], axis=1)


def frames_of(picture, motion, draw):
    """Makes the frames of one video, uint8 (FRAMES, SIDE, SIDE, 3)."""
    edge = min(picture.size)
    left, top = ((size - edge) // 2 for size in picture.size)
    square = picture.crop((left, top, left + edge, top + edge))
    shown = []
    for x, y, side in np.clip(boxes(motion, draw.uniform(0.6, 1.0), draw), 0, 1):
        box = (x * edge, y * edge, (x + side) * edge, (y + side) * edge)
        shown.append(square.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box))
    return np.stack([np.asarray(frame) for frame in shown])


def write(path, frames):
    """Writes a video, in the format that its ending names."""
    if path.suffix != ".mp4":
        first, *others = [Image.fromarray(frame) for frame in frames]
        first.save(path, save_all=True, append_images=others, duration=1000 // RATE, loop=0)
        return
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = KEY_FRAMES
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path, help="folder of pictures")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--count", type=int, default=600, help="number of videos")
    options = parser.parse_args()
    files = sorted(options.pictures.rglob("*.jpg"))
    draw = np.random.default_rng(0)
    options.out.mkdir(parents=True)
    rows = ["file\tsplit\tmotion"]
    for number, place in enumerate(draw.permutation(len(files))[: options.count]):
        motion = MOTIONS[number % len(MOTIONS)]
        name = f"{number:04d}{ENDINGS[number % len(ENDINGS)]}"
        with Image.open(files[place]) as picture:
            write(options.out / name, frames_of(picture.convert("RGB"), motion, draw))
        split = "test" if number // len(MOTIONS) % 3 == 2 else "train"
        rows.append(f"{name}\t{split}\t{motion}")
    (options.out / "labels.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    print(f"{len(rows) - 1} videos in {options.out}")


if __name__ == "__main__":
    main()
