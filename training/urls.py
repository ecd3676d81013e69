"""The app's pages."""

from django.urls import URLPattern, path

from training.views import comparison, decision, drawing, model_run, model_runs

urlpatterns: list[URLPattern] = [
    path("training/", model_runs, name="model-runs"),
    path("training/compare/", comparison, name="model-runs-compare"),
    path("training/runs/<int:pk>/", model_run, name="model-run"),
    path("training/runs/<int:pk>/decide/", decision, name="model-run-decide"),
    path("training/runs/<int:pk>/<slug:name>.<str:form>", drawing, name="model-run-drawing"),
]
