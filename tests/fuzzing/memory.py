"""How much memory this process has taken."""


def peak(anew=False):
    """Returns the most memory in MB that was resident since it was last asked for `anew`.

    Args:
        anew: whether to count from now on.
    """
    if anew:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM"))
