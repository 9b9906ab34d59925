"""IPT, the pre-trained image processing transformer."""

from functools import partial

import keras
import numpy as np
from keras import ops

from mmssl.decoders import ipt_decoder, ipt_tail
from mmssl.layers import LearnedTokens, unpatchify
from mmssl.losses.patch_contrast import patch_contrast
from mmssl.methods.bases import Pretrainer
from mmssl.methods.bases.inference import inference
from mmssl.methods.bases.requirements import required_layer
from mmssl.methods.bases.restored import (
    measured_restoration,
    restoration_sheet,
    restored_examples,
)
from mmssl.methods.bases.tiles import restored_bands
from mmssl.optimizers import TurnOptimizer

LEVELS = 255.0  # gray levels, in which the error is counted
MEASURED = 64  # held-out pictures
REPORT_IMAGES = 6


class IPT(Pretrainer):
    """Image processing transformer (Chen, Wang, Guo, Xu, Deng et al. 2020, arXiv 2012.00364).

    Each task has a head, a query and a tail; between them is one transformer for all tasks:

        m = head_t(x),  z = decoder(encoder(m), query_t),  y = tail_t(m + fold(z))
        loss = 255 mean |y - clean| + 0.1 contrast(z)

    t is the task of the step, the same in the whole batch. The contrast tells the patches z of a
    picture from those of others, see `mmssl.losses.patch_contrast`; 0.1 is its weight in
    `loss_weights`. Heads, queries and tails of other tasks get gradients that are exactly zero, and
    rest: neither momentum nor weight decay moves them, see `mmssl.optimizers.TurnOptimizer`.

    The encoder that is saved is the head of the first task and the transformer's encoder.

    Batch:
        images: float32 (B, size, size, 3) in [0, 1], degraded.
        target: float32 (B, M, M, 3) in [0, 1], clean, M being `size` times the largest scale; of a
            task of scale s the first `s * size` rows and columns, the rest is 0.
        task: int32 (B,), the number of the task, the same in all rows.

    Across replicas: the patches that are contrasted. All replicas have the same task.

    Args:
        encoder: keras.Model with a layer `maps`, as of `mmssl.encoders.ipt_encoder()`.
        tasks: names of the tasks, which follow the data.
        scales: of each task, how many times as large the restored picture is; follows the data.
        decoder_depth: see `mmssl.decoders.ipt_decoder`, as for the next two.
        decoder_num_heads: attention heads of a block.
        decoder_mlp_dim: hidden width of its feed-forward networks.
        skip: see `mmssl.decoders.ipt_tail`.
        **kwargs: passed to Pretrainer.

    Raises:
        ValueError: there is not a scale for each task, or the encoder has no such layer.
    """

    metric_names = ("restoration", "contrast")
    min_batch_size = 2
    views_agree = False

    def __init__(
        self,
        encoder: keras.Model,
        tasks: tuple[str, ...] = ("denoise_30",),
        scales: tuple[int, ...] = (1,),
        decoder_depth: int = 12,
        decoder_num_heads: int = 12,
        decoder_mlp_dim: int = 2304,
        skip: bool = False,
        **kwargs,
    ):
        if not tasks or len(tasks) != len(scales):
            raise ValueError(
                f"IPT(scales={tuple(scales)}) must have a scale for each of tasks={tuple(tasks)}."
            )
        super().__init__(encoder, **{"loss_weights": {"contrast": 0.1}, **kwargs})
        maps = required_layer("IPT", encoder, "maps", "ipt_encoder").output
        features = encoder.output["features"]
        self.tasks, self.scales = tuple(tasks), tuple(scales)
        self.size, channels = maps.shape[1], maps.shape[3]
        count, width = features.shape[1:]
        self.patch_size = round((width / channels) ** 0.5)
        self.body = keras.Model(maps, features, name="body")
        self.decoder = ipt_decoder(count, width, decoder_depth, decoder_num_heads, decoder_mlp_dim)
        first = keras.Model(encoder.input, maps, name="head")
        self.heads = [first, *(keras.models.clone_model(first) for _ in tasks[1:])]
        self.queries = [LearnedTokens(count, width, name=f"query_{name}") for name in tasks]
        self.tails = [ipt_tail(self.size, channels, scale, skip) for scale in scales]

    def call(self, batch, training=False):
        """Restores the pictures of a batch.

        Returns:
            dict of `patches` (B, T, width), and `outputs` float32 of the target's shape, 0 where
            the target is.
        """
        task, numbers = batch["task"][0], range(len(self.tasks))
        heads = [partial(self._begun, number) for number in numbers]
        maps, query = ops.switch(task, heads, batch["images"])
        patches, maps = self._transformed(maps, query)
        tails = [partial(self._ended, number) for number in numbers]
        outputs = ops.switch(task, tails, maps, batch["images"])
        return {"patches": patches, "outputs": outputs}

    def _begun(self, number, images):
        return self.heads[number]({"images": images}), self.queries[number](images)

    def _transformed(self, maps, query):
        patches = self.decoder({"tokens": self.body(maps), "query": query})
        return patches, maps + unpatchify(patches, self.patch_size, self.size // self.patch_size)

    def _ended(self, number, maps, images):
        """Calls a tail, and fills up to the size of the largest."""
        found = self.tails[number]({"maps": maps, "images": images})
        rest = (0, self.size * (max(self.scales) - self.scales[number]))
        return ops.pad(found, [(0, 0), rest, rest, (0, 0)])

    def loss_terms(self, batch, outputs, training):
        error = ops.mean(ops.abs(outputs["outputs"] - batch["target"]))
        filled = np.square(max(self.scales) / np.array(self.scales)).astype("float32")
        return {
            "restoration": LEVELS * error * ops.take(filled, batch["task"][0]),
            "contrast": patch_contrast(outputs["patches"]),
        }

    def make_optimizers(self, make):
        """Builds an optimizer of what all tasks share, and one of what each task has of its own."""
        parts = zip(self.heads, self.queries, self.tails, strict=True)
        of_tasks = [[v for x in part for v in x.trainable_variables] for part in parts]
        own = {id(v) for variables in of_tasks for v in variables}
        shared = make([v for v in self.trainable_variables if id(v) not in own])
        optimizer = TurnOptimizer(shared, [(make(own), own) for own in of_tasks])
        optimizer.build(self.trainable_variables)
        return {"optimizer": optimizer}

    def restorer(self, task):
        """Builds the network that restores pictures of one size for one task; layers are shared.

        Args:
            task: one of `tasks`.

        Returns:
            keras.Model from `images` float32 (B, size, size, 3) in [0, 1] to a dict of `restored`
            float32 (B, s * size, s * size, 3) in [0, 1], s being the task's scale.
        """
        number, images = self.tasks.index(task), self.encoder.input["images"]
        maps, query = self._begun(number, images)
        _, maps = self._transformed(maps, query)
        restored = self.tails[number]({"maps": maps, "images": images})
        outputs = {"restored": ops.clip(restored, 0.0, 1.0)}
        return keras.Model(self.encoder.input, outputs, name=task)

    def restore(self, pictures, task, progress=None):
        """Restores pictures of any size, tile by tile.

        Args:
            pictures: float32 array (N, H, W, 3) in [0, 1].
            task: one of `tasks`.
            progress: None, or function called with (tiles done, total tiles).

        Yields:
            float32 array (N, rows, s * W, 3) in [0, 1]: the next rows of all restored pictures.
        """
        network, scale = inference(self.restorer(task)), self.scales[self.tasks.index(task)]

        def restored(tiles):
            return network({"images": ops.convert_to_tensor(tiles)})["restored"]

        return restored_bands(restored, pictures, self.size, scale, progress)

    def validate(self, data):
        """Measures the restoration of held-out pictures, beside what needs no network.

        Args:
            data: mmssl.pipelines.images.DegradedCrops over the held-out pictures.

        Returns:
            dict of what `measured_restoration` returns for every task that is drawn, under its
            name.
        """
        figures = {}
        for task in data.drawn:
            found = measured_restoration(*restored_examples(self, data, task, MEASURED))
            figures |= {f"{task}_{name}": figure for name, figure in found.items()}
        return figures

    def report_images(self, data):
        """Draws degraded, restored and clean pictures of every task that is drawn.

        Args:
            data: see `validate`.

        Returns:
            list of a (title, caption, uint8 (H, W, 3)) for each.
        """
        sheets = (
            restoration_sheet(*restored_examples(self, data, task, REPORT_IMAGES))
            for task in data.drawn
        )
        return [(f"Task {task}", *sheet) for task, sheet in zip(data.drawn, sheets, strict=True)]
