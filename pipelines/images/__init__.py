"""Images: decoding, crops, views and masks."""

from mmssl.pipelines.images.beside import ChannelCrops
from mmssl.pipelines.images.block_masked import BlockMaskedCrops
from mmssl.pipelines.images.corrupted import CorruptedCrops
from mmssl.pipelines.images.crops import ImageCrops, PatchCrops
from mmssl.pipelines.images.degraded import DegradedCrops
from mmssl.pipelines.images.instances import InstanceCrops
from mmssl.pipelines.images.intensities import IntensityCrops
from mmssl.pipelines.images.jigsaw_tiles import JigsawTiles
from mmssl.pipelines.images.located import LocatedViews
from mmssl.pipelines.images.masked_pixels import MaskedPixels
from mmssl.pipelines.images.noise_beside import LatentCrops, NoiseBeside, UnitCrops
from mmssl.pipelines.images.numbered import NumberedCrops, NumberedViews, SampledViews
from mmssl.pipelines.images.pairs import ImagePairs
from mmssl.pipelines.images.patch_grids import PatchGrids
from mmssl.pipelines.images.patch_pairs import PatchPairs
from mmssl.pipelines.images.places import PlaceViews
from mmssl.pipelines.images.region_masked import RegionMaskedCrops
from mmssl.pipelines.images.rotated import RotatedCrops
from mmssl.pipelines.images.sampled_pixels import SampledPixels
from mmssl.pipelines.images.targets import TargetCrops
from mmssl.pipelines.images.views import ImageViews
from mmssl.pipelines.images.visible_patches import VisiblePatches

__all__ = [
    "BlockMaskedCrops",
    "ChannelCrops",
    "CorruptedCrops",
    "DegradedCrops",
    "ImageCrops",
    "ImagePairs",
    "ImageViews",
    "InstanceCrops",
    "IntensityCrops",
    "JigsawTiles",
    "LatentCrops",
    "LocatedViews",
    "MaskedPixels",
    "NoiseBeside",
    "NumberedCrops",
    "NumberedViews",
    "PatchCrops",
    "PatchGrids",
    "PatchPairs",
    "PlaceViews",
    "RegionMaskedCrops",
    "RotatedCrops",
    "SampledPixels",
    "SampledViews",
    "TargetCrops",
    "UnitCrops",
    "VisiblePatches",
]
