"""Overrides that shrink paper recipes to networks of the same parts, for a step in seconds."""

import email
from pathlib import Path

from tests.contract.sizes import TINY_FRAMES, TINY_SOUND, TINY_TEXT, tiny_transformer

_BATCH = "--data.batch_size=8"
_CROPS = (_BATCH, "--data.size=32")
_RESNET = (*_CROPS, "--method.encoder.depth=18", "--method.encoder.width=8")
_MULTI_CROP = ("--data.num_small_views=2", "--data.small_size=16")
_VIT = (*_CROPS, *tiny_transformer(32))
_SOUND = (*TINY_SOUND, _BATCH)
_TEXT = (*TINY_TEXT, _BATCH)
_DECODER = ("--method.top_blocks=1", "--method.decoder_channels=16", "--method.decoder_groups=4")
_DECODED = ("--method.depth=1", "--method.num_heads=2", "--method.mlp_dim=64")
_MAE = {"width": 16, "depth": 1, "num_heads": 2, "mlp_dim": 32}
_IPT = {"channels": 4, "depth": 1, "num_heads": 2, "mlp_dim": 16}
_WORDS = (
    *("--data.limit=12", "--data.vocabulary_size=300", "--data.min_count=2"),
    "--method.encoder.width=16",
)
_QUEUE = "--method.queue_size=32"
_EPISODES = (
    *(_BATCH, "--data.limit=8", "--data.size=8", "--data.frames=6", "--method.prediction_steps=2"),
    *("--method.encoder.channels=[4]", "--method.encoder.latent_dim=6"),
    "--method.encoder.context_dim=8",
)
# Few functions, of one package of Python, in a moment.
_CODE = (
    f"--data.source={Path(email.__file__).parent}",
    _BATCH,
    *(f"--data.sides.{side}.min_count=2" for side in ("code", "query")),
    *(f"--method.towers.{side}.width=16" for side in ("code", "query")),
)
_CODES = (_BATCH, "--method.encoder.row=4", *tiny_transformer(16))
_CODE_BLOCKS = tuple(
    f"--method.towers.{side}.{name}={size}"
    for side in ("code", "query")
    for name, size in (("depth", 1), ("num_heads", 2), ("mlp_dim", 16))
)


_TEXT_TOWER = tuple(
    f"--method.towers.text.{name}={size}"
    for name, size in {"width": 16, "depth": 1, "num_heads": 2, "mlp_dim": 16}.items()
)
_PAIRS = (
    *(_BATCH, "--data.limit=24", "--data.sides.text.length=16"),
    *("--data.sides.image.size=32", "--data.sides.text.vocabulary_size=200"),
    *(*_TEXT_TOWER, "--method.projection=8"),
)
_VIT_TOWER = tuple(option.replace("text", "image") for option in _TEXT_TOWER)


def _heads(**widths):
    return tuple(f"--method.{name}={list(width)}" for name, width in widths.items())


_PIXELS = (
    *(_BATCH, "--data.size=8", "--data.levels=4", "--method.head_width=6"),
    "--method.encoder.depth=1",
)


SMALL = {
    "audio/cpc_paper": (
        _BATCH,
        "--data.window=5120",
        "--method.encoder.channels=16",
        "--method.encoder.context_dim=16",
    ),
    "audio/data2vec2_paper": (*_SOUND, *_DECODER, "--data.num_masks=2"),
    "audio/data2vec_paper": (*_SOUND, "--method.top_blocks=1"),
    "audio/hubert_paper": (
        *TINY_FRAMES,
        _BATCH,
        "--data.clusters=20",
        "--data.limit=20",
        "--method.encoder.position_kernel_size=7",
        "--method.projection=16",
    ),
    "audio/jukebox_paper": (
        *(_BATCH, "--data.window=512", "--method.entries=8", "--method.largest_count=64"),
        "--method.resolutions=[[64,16,32]]",
        *(
            f"--method.levels.{level}.{name}=4"
            for level in ("top", "middle", "bottom")
            for name in ("width", "out_width")
        ),
        *(f"--method.levels.{level}.depth=1" for level in ("top", "middle", "bottom")),
    ),
    "audio/jukebox_prior_paper": (*_CODES, "--data.length=8"),
    "audio/jukebox_upsampler_paper": (
        *(*_CODES, "--data.length=16", "--data.level=bottom"),
        *("--method.encoder.conditioner_width=8", "--method.encoder.conditioner_depth=1"),
    ),
    "audio/mae_paper": (
        _BATCH,
        *("--data.window=512", "--data.num_mel_bins=8", "--data.hop=32", "--data.patch_size=4"),
        *("--method.encoder.window=64", *tiny_transformer(32)),
        *(f"--method.decoder_{name}={size}" for name, size in _MAE.items()),
    ),
    "audio/vq_vae_paper": (
        *(_BATCH, "--data.window=256", "--method.entries=8", "--method.entry_width=4"),
        *("--method.encoder.width=4", "--method.encoder.depth=1", "--method.encoder.out_width=4"),
        *("--method.decoder_width=4", "--method.decoder_units=1"),
        "--method.decoder_unit_width=4",
    ),
    "audio/wav2vec2_paper": (
        *TINY_FRAMES,
        _BATCH,
        "--method.encoder.position_kernel_size=7",
        "--method.projection=16",
        "--method.entries=8",
        "--method.entry_width=8",
    ),
    "audio/wavenet_paper": (
        _BATCH,
        "--data.window=512",
        "--method.encoder.cycles=1",
        "--method.encoder.layers=3",
        "--method.encoder.residual_channels=8",
        "--method.encoder.gate_channels=8",
        "--method.encoder.skip_channels=8",
    ),
    "audio/wavernn_paper": (_BATCH, "--data.window=64", "--method.encoder.units=16"),
    "tables/scarf_paper": (_BATCH, "--method.encoder.widths=[16]", *_heads(projector=(8,))),
    "episodes/cpc_action_paper": _EPISODES,
    "episodes/cpc_paper": _EPISODES,
    "pairs/align_paper": (
        *(*_PAIRS, "--data.pixels=16"),
        *("--method.towers.image.depth=18", "--method.towers.image.width=8"),
    ),
    "pairs/clip_paper": (*_PAIRS, *_VIT_TOWER),
    "pairs/codesearchnet_attention_paper": (*_CODE, *_CODE_BLOCKS),
    "pairs/codesearchnet_paper": _CODE,
    "pairs/dalle_paper": (
        *(_BATCH, "--data.length=8", "--data.vocabulary_size=200"),
        *tiny_transformer(16),
    ),
    "pairs/siglip_paper": (*_PAIRS, *_VIT_TOWER),
    "text/bart_paper": (*_TEXT, *_DECODED),
    "text/bert_paper": (*_TEXT, "--data.max_predictions=8", "--data.max_positions=64"),
    "text/bert_phase_2_paper": (*_TEXT, "--data.max_predictions=8", "--data.length=64"),
    "text/cpc_paper": (
        _BATCH,
        "--data.limit=12",
        "--data.vocabulary_size=400",
        *(f"--method.encoder.{name}=8" for name in ("token_width", "channels", "context_dim")),
    ),
    "text/data2vec2_paper": (*_TEXT, *_DECODER, "--data.num_masks=2"),
    "text/data2vec_paper": (*_TEXT, "--method.top_blocks=1", *_heads(head_widths=[64])),
    "text/glove_paper": (*_WORDS, "--data.batch_size=64"),
    "text/gpt_paper": _TEXT,
    "text/simcse_paper": (_BATCH, "--data.length=48", "--data.limit=12"),
    "text/t5_paper": (*_TEXT, *_DECODED),
    "text/word2vec_paper": (*_WORDS, _BATCH, "--data.length=64", "--data.block=16"),
    "text/xlnet_paper": (*_TEXT, "--data.memory=16"),
    "video/cvrl_paper": (
        *_CROPS,
        "--data.frames=4",
        "--data.limit=16",
        "--method.projector=[16,16,16,8]",
        "--method.encoder.depth=10",
        "--method.encoder.width=4",
    ),
    "video/shuffle_and_learn_paper": (
        *_CROPS,
        "--data.limit=16",
        "--method.encoder.encoder.init_args.width=4",
    ),
    "vision/pixel_cnn_paper": (*_PIXELS, "--method.encoder.width=6"),
    "vision/pixel_cnn_prior_paper": (
        *(_BATCH, "--method.head_width=6"),
        *(
            "--method.encoder.depth=1",
            "--method.encoder.width=6",
            "--method.encoder.vector_width=4",
        ),
    ),
    "vision/row_lstm_paper": (*_PIXELS, "--method.encoder.units=6"),
    "vision/diagonal_bilstm_paper": (*_PIXELS, "--method.encoder.units=6"),
    "vision/amdim_paper": (
        *_CROPS,
        "--method.encoder.width=4",
        "--method.encoder.embedding_dim=16",
        "--method.encoder.depth=1",
    ),
    "vision/barlow_twins_paper": (*_RESNET, *_heads(projector=[16, 8])),
    "vision/byol_paper": (*_RESNET, *_heads(projector=[16, 8], predictor=[16, 8])),
    "vision/cmc_paper": (
        *_CROPS,
        *("--data.num_negatives=12", "--method.projector=[8]"),
        *("--method.encoder.encoder.depth=18", "--method.encoder.encoder.width=8"),
    ),
    "vision/colorization_paper": (
        *_CROPS,
        *(f"--method.encoder.{name}=[1,1,1]" for name in ("depths", "dilations")),
        "--method.encoder.channels=[8,8,8]",
        "--method.encoder.strides=[2,2,1]",
        "--method.decoder_width=8",
        "--method.upsampling=1",
    ),
    "vision/contractive_autoencoder_paper": (
        _BATCH,
        "--data.size=8",
        "--method.encoder.widths=[16]",
    ),
    "vision/cpc_2d_paper": (
        *("--data.size=16", "--data.batch_size=8", "--data.patch_size=4", "--data.stride=2"),
        *("--method.context_width=8", "--method.context_depth=1"),
        *("--method.encoder.encoder.depth=18", "--method.encoder.encoder.width=4"),
        "--method.encoder.encoder.small_images=true",
    ),
    "vision/data2vec2_paper": (*_VIT, *_DECODER, "--data.patch_size=4", "--data.num_masks=2"),
    "vision/data2vec_paper": (
        *_VIT,
        "--data.patch_size=4",
        "--data.min_block=1",
        "--method.top_blocks=1",
    ),
    "vision/deep_belief_network_paper": (_BATCH, "--data.size=6", "--data.widths=[16,16,8]"),
    "vision/deep_infomax_paper": (
        *_CROPS,
        *("--method.width=8", "--method.encoder.channels=[4,8,8]"),
    ),
    "vision/deepcluster_paper": (
        *_RESNET,
        *("--data.limit=16", "--method.memory_size=16", "--method.clusters=4"),
        "--method.components=4",
    ),
    "vision/deepcluster_v2_paper": (
        *_RESNET,
        *_MULTI_CROP,
        *("--data.limit=16", "--method.memory_size=16", "--method.clusters=[4,4]"),
        *_heads(projector=[16, 8]),
    ),
    "vision/denoising_autoencoder_paper": (_BATCH, "--data.size=8", "--method.encoder.widths=[16]"),
    "vision/dino_paper": (*_VIT, *_MULTI_CROP, *_heads(head=[16, 8]), "--method.out_dim=32"),
    "vision/discrete_vae_paper": (
        *(_BATCH, "--data.size=8", "--method.entries=8", "--method.entry_width=4"),
        *(f"--method.encoder.{name}" for name in ("width=4", "levels=2", "units=1")),
        *(f"--method.decoder_{name}" for name in ("width=4", "levels=2", "units=1")),
    ),
    "vision/hypercolumn_colorization_paper": (
        *_CROPS,
        *("--data.num_pixels=4", "--method.width=8", "--method.encoder.channels=[8,8]"),
        *(f"--method.encoder.{name}=[1,1]" for name in ("depths", "dilations")),
        "--method.encoder.strides=[2,2]",
    ),
    "vision/image_gpt_paper": (
        *(_BATCH, "--data.size=8", "--method.encoder.colors=8"),
        *tiny_transformer(16),
    ),
    "vision/inpainting_paper": (
        *_CROPS,
        "--method.encoder.channels=[8,8,8]",
        *_heads(decoder_channels=[8], discriminator_channels=[8, 8]),
    ),
    "vision/interclr_paper": (
        *_RESNET,
        *_heads(projector=[8]),
        *("--data.limit=24", "--method.memory_size=24", "--method.clusters=3", "--method.least=4"),
        *("--method.pool=1", "--method.negatives=6", _QUEUE),
    ),
    "vision/ipt_paper": (
        *(_BATCH, "--data.size=12"),
        *(f"--method.encoder.{name}={size}" for name, size in _IPT.items()),
        *(f"--method.decoder_{name}={size}" for name, size in _IPT.items() if name != "channels"),
    ),
    "vision/jigsaw_paper": (
        _BATCH,
        *("--data.size=36", "--data.tile_size=8", "--data.permutations=10"),
        *("--method.encoder.depth=18", "--method.encoder.width=8"),
        *("--method.tile_width=8", "--method.hidden=[16]"),
    ),
    "vision/mae_paper": (
        *_VIT,
        "--data.patch_size=4",
        *(f"--method.decoder_{name}={size}" for name, size in _MAE.items()),
    ),
    "vision/moco_paper": (*_RESNET, *_heads(projector=[16, 8]), _QUEUE),
    "vision/moco_v1_paper": (*_RESNET, *_heads(projector=[8]), _QUEUE),
    "vision/moco_v3_paper": (*_VIT, *_heads(projector=[16, 8], predictor=[16, 8])),
    "vision/rbm_paper": (_BATCH, "--data.size=6", "--data.widths=[8]", "--data.sweeps=2"),
    "vision/relative_position_paper": (
        *_RESNET,
        *("--data.patch_size=8", "--data.gap=2", "--data.jitter=1"),
        "--method.hidden=[16]",
    ),
    "vision/rotation_paper": (*_RESNET, "--probe.layer=null"),
    "vision/siamese_paper": (*_RESNET, *_heads(projector=[8])),
    "vision/simclr_paper": (*_RESNET, *_heads(projector=[16, 8])),
    "vision/simsiam_paper": (*_RESNET, *_heads(projector=[16, 8], predictor=[4, 8])),
    "vision/sparse_autoencoder_paper": (_BATCH, "--method.encoder.widths=[8]"),
    "vision/split_brain_paper": (
        *_CROPS,
        *(f"--method.encoder.encoder.{name}=[1,1]" for name in ("depths", "dilations")),
        *("--method.encoder.encoder.channels=[8,8]", "--method.encoder.encoder.strides=[4,2]"),
    ),
    "vision/stacked_denoising_autoencoder_paper": (
        _BATCH,
        "--data.size=6",
        "--data.widths=[16,16,8]",
    ),
    "vision/swav_paper": (
        *_RESNET,
        *_MULTI_CROP,
        *_heads(projector=[16, 8]),
        "--method.num_prototypes=16",
    ),
    "vision/variational_autoencoder_paper": (
        *(_BATCH, "--data.size=8", "--data.latents=4"),
        "--method.encoder.widths=[16]",
    ),
    "vision/vq_gan_paper": (
        *(_BATCH, "--data.size=8", "--method.entries=8", "--method.entry_width=4"),
        *("--method.encoder.width=4", "--method.encoder.multipliers=[1,2]"),
        *("--method.encoder.channels=4", "--method.encoder.groups=2", "--method.encoder.units=1"),
        *("--method.decoder_width=4", "--method.decoder_multipliers=[1,2]"),
        *("--method.decoder_groups=2", "--method.decoder_units=1"),
        *("--method.discriminator_width=4", "--method.discriminator_layers=1"),
    ),
    "vision/vq_vae_paper": (
        *(_BATCH, "--data.size=8", "--method.entries=8", "--method.entry_width=4"),
        *(f"--method.encoder.{name}=8" for name in ("width", "unit_width")),
        *(f"--method.decoder_{name}=8" for name in ("width", "unit_width")),
    ),
    "vision/vq_vae_2_paper": (
        *(_BATCH, "--data.size=16", "--method.entries=8", "--method.entry_width=4"),
        *(f"--method.encoder.{name}=8" for name in ("width", "unit_width")),
        *(f"--method.decoder_{name}=8" for name in ("width", "unit_width")),
    ),
    "vision/vicreg_paper": (*_RESNET, *_heads(projector=[16, 8])),
    "vision/vicregl_paper": (
        *(*_RESNET, "--data.grid=1", "--method.num_matches=[1,1]"),
        *_heads(projector=[16, 8], local_projector=[16, 8]),
    ),
}
