"""What an upgrade makes of the runs of earlier versions."""

from importlib import import_module

from django.apps import apps

from training.models import ModelRun

migration = import_module("training.migrations.0010_no_stored_roc")


def test_curves_that_nobody_read_go_and_all_else_stays(question):
    test = {"auc": 0.9, "confusion": {"true_positive": 3}}
    stored = {"test": test | {"roc": [[0, 0], [1, 1]]}, "best_epoch": 7, "fine_tuning": None}
    old = ModelRun.objects.create(question=question, backbone="tiny", metrics=stored)
    waiting = ModelRun.objects.create(question=question, backbone="tiny")
    migration.drop_roc(apps, None)
    old.refresh_from_db()
    waiting.refresh_from_db()
    assert old.metrics == {"test": test, "best_epoch": 7, "fine_tuning": None}
    assert waiting.metrics == {}
