"""The share of what there is that a mask hides."""


def check_mask_share(mask_share):
    """Refuses shares that hide nothing or everything: 0 and 1, and what lies beyond."""
    if not 0 < mask_share < 1:
        raise ValueError(f"mask_share={mask_share} must lie between 0 and 1")
