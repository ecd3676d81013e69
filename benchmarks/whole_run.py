"""A child of `mosaic.py`: one prediction over one mosaic, alone in its process."""

from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from benchmarks.workplace import answer, start_django


def whole_run(*, folder: str, scene: int, model_run: int, label: str) -> dict[str, Any]:
    """Predict, and say how long it took and what it recorded of itself."""
    start_django(Path(folder), empty=False)
    from damage.ingestion.models import Scene
    from damage.work.progress import progress_bar
    from prediction.services import predict
    from training.models import ModelRun

    begun, cpu_begun = perf_counter(), process_time()
    with progress_bar(label, "px") as progress:
        run = predict(
            Scene.objects.get(pk=scene),
            ModelRun.objects.get(pk=model_run),
            requested_by=None,
            progress=progress,
        )
    seconds, run_cpu_s = perf_counter() - begun, process_time() - cpu_begun
    return {
        "prediction_run": run.pk,
        "seconds": round(seconds, 2),
        "run_cpu_s": round(run_cpu_s, 2),
        "timings_s": run.timings_s,
        "parameters": run.parameters,
        "windows": run.windows_total,
        "detections": run.found().count(),
        "boxes_kept": run.detections.count(),
    }


if __name__ == "__main__":
    answer(whole_run)
