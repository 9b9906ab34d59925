"""Images: decoding, crops, views and masks."""

from mmssl.pipelines.images.block_masked import BlockMaskedCrops
from mmssl.pipelines.images.crops import ImageCrops, PatchCrops
from mmssl.pipelines.images.depth import DepthCrops
from mmssl.pipelines.images.jigsaw_tiles import JigsawTiles
from mmssl.pipelines.images.pairs import ImagePairs
from mmssl.pipelines.images.patch_pairs import PatchPairs
from mmssl.pipelines.images.region_masked import RegionMaskedCrops
from mmssl.pipelines.images.rotated import RotatedCrops
from mmssl.pipelines.images.sampled_pixels import SampledPixels
from mmssl.pipelines.images.views import ImageViews
from mmssl.pipelines.images.visible_patches import VisiblePatches

__all__ = [
    "BlockMaskedCrops",
    "DepthCrops",
    "ImageCrops",
    "ImagePairs",
    "ImageViews",
    "JigsawTiles",
    "PatchCrops",
    "PatchPairs",
    "RegionMaskedCrops",
    "RotatedCrops",
    "SampledPixels",
    "VisiblePatches",
]
