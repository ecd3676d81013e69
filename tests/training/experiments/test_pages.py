"""The pages of experiments, their files, and the API."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image

from damage.ingestion.services import ingest_photo
from training.evaluation.operating_points import operating_points
from training.experiments.charts import charts_of
from training.experiments.command_line import command_for
from training.experiments.cross_validation import ExperimentConfig, cross_towns, learning_curve
from training.experiments.exploration import Exploration, explore
from training.models import Experiment

ALL, API = "/training/experiments/", "/api/v1/experiments/"


@pytest.fixture
def explored(event, tmp_path):
    """Eight photos of two towns."""
    for number in range(8):
        path = tmp_path / f"{number}.png"
        Image.fromarray(np.full((40, 60, 3), 20 + 25 * number, np.uint8)).save(path)
        ingest_photo(path, event=event.name, town="Gris" if number < 4 else "Clara Alta")
    return explore(Exploration(event=event.slug, towns=["Gris", "Clara Alta"]))


@pytest.fixture
def crossed(question, tiny, towns):
    return cross_towns(question, ExperimentConfig(towns=["Norte", "Este", "Sur"], backbone=tiny))


@pytest.fixture
def running(question):
    now = timezone.now()
    return Experiment.objects.create(
        kind="cross_towns", question=question, parameters={"towns": ["Norte"]}, status="running", claim="x",
        step="trainings", units_done=2, units_total=6, step_started_at=now, heartbeat_at=now,
    )  # fmt: skip


def html_of(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_experiments_are_listed_with_state_and_reason_and_the_models_page_leads_there(
    client, analyst, question, running
):
    Experiment.objects.create(kind="roc", question=question, status="failed", error="The disk was full.")
    client.force_login(analyst)
    html = html_of(client, ALL)
    assert "2 / 6" in html
    assert "The disk was full." in html
    assert "http-equiv" in html  # it renews itself while something goes on
    assert 'data-work="/api/v1/experiments/' in html
    assert f'href="{ALL}"' in html_of(client, "/training/")


def test_without_experiments_the_page_says_how_to_come_by_one(client, analyst):
    client.force_login(analyst)
    assert "learning_curve" in html_of(client, ALL)


def test_an_experiment_shows_table_drawings_and_the_command(client, analyst, crossed):
    client.force_login(analyst)
    html = html_of(client, f"{ALL}{crossed.pk}/")
    assert "balanced accuracy, adapted" in html
    assert html.count('class="chart"') == 2
    assert "cross_towns --question damage --town Norte --town Este --town Sur --backbone tiny" in html
    assert crossed.code_version in html


def test_every_kind_draws_in_both_forms_and_themes(client, analyst, question, run, crossed, explored, tiny):
    experiment_config = ExperimentConfig(towns=["Norte", "Este", "Sur"], backbone=tiny, counts=[12, 20])
    curve = learning_curve(question, experiment_config)
    expected = {
        crossed: ["ways", "crossed"],
        curve: ["curve"],
        explored: ["towns"],
        operating_points(run): ["roc", "precision-recall", "calibration", "on-the-ground"],
    }
    client.force_login(analyst)
    for experiment, names in expected.items():
        assert charts_of(experiment) == names
        for name in names:
            svg = client.get(f"{ALL}{experiment.pk}/{name}.svg", {"theme": "dark"})
            assert (svg.status_code, svg["Content-Type"]) == (200, "image/svg+xml")
    png = client.get(f"{ALL}{curve.pk}/curve.png")
    assert png.content[:4] == b"\x89PNG"


def test_a_kind_that_compares_recipes_is_drawn_as_bars(question):
    """Its rows are named by their words; one without metrics is left out."""
    columns = ["head", "auc", "auc_spread", "balanced_accuracy"]
    rows = [["softmax", 0.9, 0.1, 0.8], ["forest", 0.7, 0.2, 0.6], ["none", None, None, None]]
    experiment = Experiment(kind="compare_recipes", status="done", results={"columns": columns, "rows": rows})
    assert charts_of(experiment) == ["comparison"]
    from training.experiments.charts import draw

    svg = draw(experiment, "comparison", "light").rendered("svg").decode()
    assert ">softmax<" in svg
    assert ">none<" not in svg


@pytest.mark.parametrize(
    ("name", "status"),
    [("nothing.svg", 404), ("ways.gif", 404), ("ways.svg?theme=pink", 400), ("nothing.csv", 404)],
)
def test_what_is_not_there_is_not_given(client, analyst, crossed, name, status):
    client.force_login(analyst)
    assert client.get(f"{ALL}{crossed.pk}/{name}").status_code == status


def test_tables_are_taken_away_as_csv_and_all_as_json(client, analyst, crossed):
    client.force_login(analyst)
    lines = list(csv.DictReader(io.StringIO(client.get(f"{ALL}{crossed.pk}/result.csv").content.decode())))
    assert len(lines) == 8
    assert float(lines[0]["auc"]) == crossed.results["rows"][0][crossed.results["columns"].index("auc")]
    assert lines[6]["train"] == "mean"
    trials = list(csv.DictReader(io.StringIO(client.get(f"{ALL}{crossed.pk}/trials.csv").content.decode())))
    assert [line["seed"] for line in trials] == ["0"] * 6
    answer = client.get(f"{ALL}{crossed.pk}/results.json")
    assert answer["Content-Disposition"] == f'attachment; filename="cross_towns-{crossed.pk}.json"'
    assert json.loads(answer.content)["results"] == crossed.results


def test_an_exploration_gives_its_page_the_points_and_scenes(client, analyst, explored):
    client.force_login(analyst)
    html = html_of(client, f"{ALL}{explored.pk}/")
    facts = json.loads(html.split('id="explored" type="application/json">')[1].split("</script>")[0])
    assert len(facts["points"]) == 8
    assert {facts["scenes"][str(point["scene"])]["kind"] for point in facts["points"]} == {"photo"}
    assert "dist/explore" in html


def test_commands_name_what_was_chosen_and_quote_it(question, tiny, towns, explored, run):
    assert command_for(explored) == (
        "python manage.py explore --event practice-quake --town Gris --town 'Clara Alta' --of scenes "
        "--features channels --limit 1500 --seed 0"
    )
    experiment_config = ExperimentConfig(
        towns=["Norte", "Este", "Sur"], backbone=tiny, counts=[12], seeds=[0, 1]
    )
    assert command_for(learning_curve(question, experiment_config)) == (
        "python manage.py learning_curve --question damage --town Norte --town Este --town Sur "
        "--backbone tiny --head logistic-regression --crops 12 --seeds 2"
    )
    crossed = cross_towns(question, replace(experiment_config, counts=(), max_fpr=0.1, seeds=[3]))
    assert command_for(crossed).endswith("--max-fpr 0.1 --seed 3")
    several = {
        "towns": ["A", "B"],
        "heads": ["svm", "softmax"],
        "one_way": True,
        "per_class": None,
        "max_fpr": 0.0,
    }
    compared = Experiment(kind="compare_recipes", question=question, seed=2, parameters=several)
    assert command_for(compared) == (
        "python manage.py compare_recipes --question damage --town A --town B --heads svm softmax --one-way "
        "--max-fpr 0.0 --seed 2"
    )
    assert command_for(operating_points(run)) == f"python manage.py roc {run.pk}"


def test_admins_cancel_and_others_do_not(client, analyst, site_admin, running):
    address = f"{ALL}{running.pk}/cancel/"
    client.force_login(analyst)
    assert client.post(address).status_code == 403
    assert "Cancel" not in html_of(client, f"{ALL}{running.pk}/")
    client.force_login(site_admin)
    html = client.post(address, follow=True).content.decode()
    assert "Cancelled by adela." in html
    assert "not waiting or running" in client.post(address, follow=True).content.decode()


def test_volunteers_see_no_experiments(client, api, volunteer, crossed):
    client.force_login(volunteer)
    for name in ("", "ways.svg", "result.csv", "results.json"):
        assert client.get(f"{ALL}{crossed.pk}/{name}").status_code == 403
    assert client.get(ALL).status_code == 403
    api.force_authenticate(volunteer)
    assert api.get(API).status_code == 403


def test_the_api_lists_experiments_and_gives_one_with_its_results(api, analyst, crossed, running):
    api.force_authenticate(analyst)
    rows = api.get(API, {"status": "done", "kind": "cross_towns", "question": "damage"}).data["results"]
    assert [row["id"] for row in rows] == [crossed.pk]
    assert "results" not in rows[0]
    assert api.get(f"{API}{crossed.pk}/").data["results"]["rows"] == crossed.results["rows"]
    assert api.post(API, {"kind": "roc"}).status_code == 405


def test_a_table_holds_nothing_that_a_spreadsheet_carries_out(client, analyst, crossed):
    """Names of towns come from people."""
    results = crossed.results
    results["rows"][0][0] = '=HYPERLINK("http://elsewhere.test")'
    Experiment.objects.filter(pk=crossed.pk).update(results=results)
    client.force_login(analyst)
    lines = list(csv.reader(io.StringIO(client.get(f"{ALL}{crossed.pk}/result.csv").content.decode())))
    assert lines[1][0] == '\'=HYPERLINK("http://elsewhere.test")'
    assert float(lines[1][3]) == results["rows"][0][3]
