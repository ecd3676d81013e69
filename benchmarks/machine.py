"""What a benchmark ran on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
PACKAGES = ("openvino", "tensorflow", "keras", "rasterio", "numpy", "pillow", "django")


def machine_facts() -> dict[str, Any]:
    """Cores, processor, the instructions that matter to networks, memory, load before the start, versions."""
    import rasterio

    described = dict(
        line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line
    )
    facts = {name.strip(): value.strip() for name, value in described.items()}
    flags = facts.get("flags", "").split()
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": facts.get("model name", platform.processor()),
        "instructions": [flag for flag in FLAGS if flag in flags],
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "versions": {
            "python": platform.python_version(),
            "gdal": rasterio.__gdal_version__,
            **{package: version(package) for package in PACKAGES},
        },
    }
