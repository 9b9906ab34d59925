"""Images: decoding, crops, views and masks."""

from mmssl.pipelines.images.beside import ChannelCrops
from mmssl.pipelines.images.block_masked import BlockMaskedCrops
from mmssl.pipelines.images.crops import ImageCrops, PatchCrops
from mmssl.pipelines.images.instances import InstanceCrops
from mmssl.pipelines.images.jigsaw_tiles import JigsawTiles
from mmssl.pipelines.images.located import LocatedViews
from mmssl.pipelines.images.patch_grids import PatchGrids
from mmssl.pipelines.images.patch_pairs import PatchPairs
from mmssl.pipelines.images.places import PlaceViews
from mmssl.pipelines.images.region_masked import RegionMaskedCrops
from mmssl.pipelines.images.rotated import RotatedCrops
from mmssl.pipelines.images.views import ImageViews
from mmssl.pipelines.images.visible_patches import VisiblePatches

__all__ = [
    "BlockMaskedCrops",
    "ChannelCrops",
    "ImageCrops",
    "ImageViews",
    "InstanceCrops",
    "JigsawTiles",
    "LocatedViews",
    "PatchCrops",
    "PatchGrids",
    "PatchPairs",
    "PlaceViews",
    "RegionMaskedCrops",
    "RotatedCrops",
    "VisiblePatches",
]
