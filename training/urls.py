"""The app's pages."""

from django.urls import URLPattern, path

from training.experiments.pages import (
    cancel_experiment,
    experiment,
    experiment_chart,
    experiment_results,
    experiment_table,
    experiments,
)
from training.views import chart, comparison, decision, model_run, model_runs

urlpatterns: list[URLPattern] = [
    path("training/", model_runs, name="model-runs"),
    path("training/compare/", comparison, name="model-runs-compare"),
    path("training/runs/<row:pk>/", model_run, name="model-run"),
    path("training/runs/<row:pk>/decide/", decision, name="model-run-decide"),
    path("training/runs/<row:pk>/<slug:name>.<str:form>", chart, name="model-run-chart"),
    path("training/experiments/", experiments, name="experiments"),
    path("training/experiments/<row:pk>/", experiment, name="experiment"),
    path("training/experiments/<row:pk>/cancel/", cancel_experiment, name="experiment-cancel"),
    path("training/experiments/<row:pk>/results.json", experiment_results, name="experiment-results"),
    path("training/experiments/<row:pk>/<slug:name>.csv", experiment_table, name="experiment-table"),
    path("training/experiments/<row:pk>/<slug:name>.<str:form>", experiment_chart, name="experiment-chart"),
]
