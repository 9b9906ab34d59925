"""What units are clusters of: the features of the frames of every recording."""

from mmssl.pipelines.audio.framing import Framing


class FrameFeatures:
    """Computes a vector for every frame of every recording of a source.

    Attributes:
        framing: Framing.
        description: str, what the vectors are.
    """

    framing: Framing
    description: str

    def of(self, data, source):
        """Computes the features of every recording.

        Args:
            data: AudioWindows, which reads the recordings.
            source: Source.

        Yields:
            pair of the index of a recording, int, in any order, and float32 (frames, C), of as many
            frames as `framing` counts.
        """
        raise NotImplementedError
