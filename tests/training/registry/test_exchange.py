"""Models that leave as one file and come back, and files that are refused."""

import hashlib
import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from damage.errors import Refused
from training.data.held_out_towns import learnt_from
from training.evaluation.operating_points import operating_points
from training.inference import load_engine
from training.models import ModelRun
from training.registry import exchange, model_package
from training.registry.comparison import comparison
from training.registry.exchange import export_model, import_model
from training.registry.probe_windows import probe_windows
from training.registry.promotions import confirm, propose, retire
from training.registry.untrusted import check_keras, check_openvino
from training.reproduction import reproduce
from training.services import train

PROBE_SHA256 = "7d93acd7c0155181674715896cb1d75b9cc0b54d608d5d538cedebd65d2ce96a"


@pytest.fixture
def package(run, tmp_path):
    path = tmp_path / "towns.damage-model"
    export_model(run, path, site="Practice")
    return path


def parts_of(path):
    with zipfile.ZipFile(path) as archive:
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def written(path, members):
    """The file again with these members, as they are."""
    with path.open("wb") as file:
        model_package._write(file, members)
    return path


def described_anew(path, members):
    """The file with members that its manifest describes: what a forger would make."""
    manifest = json.loads(members.pop("manifest.json"))
    with path.open("wb") as file:
        model_package.write_package(file, manifest, members)
    return path


def test_a_model_that_comes_back_scores_and_stands_as_one_that_was_trained(run, package, question):
    imported = import_model(package, question).run
    windows = np.random.default_rng(3).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    assert np.array_equal(load_engine(imported).scores(windows), load_engine(run).scores(windows))
    assert (imported.status, imported.stage, imported.threshold) == ("done", "candidate", run.threshold)
    assert imported.metrics == run.metrics
    assert (imported.window_m, imported.dataset_sha256) == (run.window_m, run.dataset_sha256)
    assert imported.parameters["imported"]["model_run"] == run.pk
    assert imported.parameters["imported"]["site"] == "Practice"
    assert not imported.run_crops.exists()


def test_the_same_model_gives_the_same_file_also_when_it_was_imported(run, package, question, tmp_path):
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    assert export_model(run, tmp_path / "again", site="Practice") == digest
    imported = import_model(package, question).run
    assert export_model(imported, tmp_path / "back", site="Practice") == digest


def test_a_model_that_adapted_to_a_town_leaves_and_comes_back(question, adapting, many, tmp_path):
    run = train(question, adapting)
    assert "from 60 crops of practice-quake/oeste" in exchange.card_of(run)
    chosen = exchange.stac_of(run)["properties"]["mlm:hyperparameters"]
    assert chosen["adapt_to"]["town"] == "practice-quake/oeste"
    export_model(run, tmp_path / "adapted")
    imported = import_model(tmp_path / "adapted", question).run
    assert imported.parameters["adapt_to"] == run.parameters["adapt_to"]
    assert exchange.card_of(imported) == exchange.card_of(run)


def test_a_model_that_was_left_unadapted_says_so_elsewhere_too(question, adapting, many, tmp_path):
    run = train(question, adapting)
    run.metrics["adaptation"] |= {"is_adapted": False, "agreement": None}
    run.save()
    card = exchange.card_of(run)
    assert "It was to adapt to practice-quake/oeste, where too little spoke for that" in card
    assert "went on learning" not in card
    export_model(run, tmp_path / "left")
    imported = import_model(tmp_path / "left", question).run
    assert imported.stayed_unadapted
    assert learnt_from(imported) == {"practice-quake/norte", "practice-quake/este"}


def test_a_town_adapted_to_that_is_not_described_is_refused(package, question):
    """Else its card could not be written."""
    members = parts_of(package)
    manifest = json.loads(members["manifest.json"])
    manifest["facts"]["parameters"]["adapt_to"] = {"town": "practice-quake/oeste"}
    members["manifest.json"] = json.dumps(manifest).encode()
    with pytest.raises(Refused, match="parameters/adapt_to"):
        import_model(written(package, members), question)
    assert ModelRun.objects.count() == 1


def test_a_file_is_taken_in_once(package, question):
    first, again = import_model(package, question), import_model(package, question)
    assert (first.is_new, again.is_new, again.run) == (True, False, first.run)


def test_it_keeps_another_file_of_that_name(run, package):
    before = package.read_bytes()
    with pytest.raises(Refused, match="exists already"):
        export_model(run, package)
    assert package.read_bytes() == before


def test_a_digest_that_was_told_is_asked_for(package, question):
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    with pytest.raises(Refused, match="not the one that was given"):
        import_model(package, question, sha256="0" * 64)
    assert import_model(package, question, sha256=digest.upper()).is_new


@pytest.mark.parametrize("name", ["model.bin", "model.keras", "model.xml", "MODEL_CARD.md", "LICENSE"])
def test_it_refuses_a_member_that_was_changed(package, question, data_folder, name):
    members = parts_of(package)
    members[name] = members[name][:-1] + bytes([members[name][-1] ^ 1])
    with pytest.raises(Refused, match="was changed"):
        import_model(written(package, members), question)
    assert ModelRun.objects.count() == 1


def forged(change):
    def make(path):
        members = parts_of(path)
        change(members)
        return written(path, members)

    return make


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-30])
    return path


def with_a_comment(path):
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"and more"
    return path


def compressed(path):
    members = parts_of(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def twice_the_same(path):
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("LICENSE", "another")
    return path


def in_manifest(**changes):
    def change(members):
        members["manifest.json"] = json.dumps(json.loads(members["manifest.json"]) | changes).encode()

    return forged(change)


def in_facts(**changes):
    def change(members):
        manifest = json.loads(members["manifest.json"])
        manifest["facts"] |= changes
        members["manifest.json"] = json.dumps(manifest).encode()

    return forged(change)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.with_name("nowhere"), "cannot be read"),
        (cut_short, "not a whole zip|no manifest"),
        (with_a_comment, "holds more than a model"),
        (compressed, "is compressed"),
        (twice_the_same, "two of the same name"),
        (forged(lambda members: members.pop("manifest.json")), "no manifest"),
        (forged(lambda members: members.pop("model.bin")), "lacks model.bin"),
        (forged(lambda members: members.update({"more.py": b"print()"})), "holds what no model has"),
        (forged(lambda members: members.update({"../up.txt": b""})), "is called"),
        (forged(lambda members: members.update({"/etc/hosts": b""})), "is called"),
        (forged(lambda members: members.update({f"{n}.txt": b"" for n in range(20)})), "too many"),
        (forged(lambda members: members.update({"manifest.json": b"[" * 100_000})), "not JSON"),
        (forged(lambda members: members.update({"manifest.json": b'{"format": NaN}'})), "not JSON"),
        (in_manifest(format="other-model"), "not a model that Damage exported"),
        (in_manifest(version=2), "version 2; this Damage reads version 1"),
        (in_manifest(more="than there is"), "does not say"),
        (in_facts(backbone="alexnet"), "backbone alexnet"),
        (in_facts(head="hydra"), "head hydra"),
        (in_facts(threshold=7), "facts/threshold"),
        (in_facts(window_m=-3.0), "facts/window_m"),
        (in_manifest(probe=[0.5] * 9), "other scores here"),
        (in_manifest(files={"keras": "model.keras"}), "other members than a model has"),
    ],
)  # fmt: skip
def test_it_refuses_what_is_no_model_of_ours_and_stores_nothing(package, question, data_folder, make, words):
    path = make(package)
    before = sorted(path.name for path in (data_folder / "files" / "models").iterdir())
    with pytest.raises(Refused, match=words):
        import_model(path, question)
    assert ModelRun.objects.count() == 1
    assert sorted(path.name for path in (data_folder / "files" / "models").iterdir()) == before


def test_it_refuses_a_photo_that_is_called_a_model(question, tmp_path):
    path = tmp_path / "photo.damage-model"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(Refused, match="not a whole zip"):
        import_model(path, question)


def test_what_unpacks_to_more_than_the_file_is_not_read(tmp_path):
    path = tmp_path / "bomb.damage-model"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b"0" * 50_000_000)
    with pytest.raises(Refused, match="is compressed"):
        model_package.read_package(path)


def test_weights_of_another_model_under_a_true_manifest_are_found_out(package, question):
    """Digests are right, and yet the network is not the one whose scores were told."""
    members = parts_of(package)
    numbers = np.frombuffer(members["model.bin"], np.float32)
    is_weight = (np.abs(numbers) > 1e-3) & (np.abs(numbers) < 1e3)  # not the whole numbers between them
    members["model.bin"] = np.where(is_weight, numbers * np.float32(1.5), numbers).tobytes()
    with pytest.raises(Refused, match="other scores here"):
        import_model(described_anew(package, members), question)
    assert ModelRun.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda xml: xml.replace(b'version="opset1"', b'version="extension"', 1), "no standard operation"),
        (lambda xml: xml.replace(b'offset="0"', b'offset="99999999"', 1), "beyond its file"),
        (lambda xml: xml[:-20], "not plain XML"),
        (lambda xml: b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/hosts">]>' + xml, "not plain XML"),
    ],
)
def test_it_refuses_a_network_with_more_than_standard_operations(package, question, change, words):
    members = parts_of(package)
    xml = change(members["model.xml"])
    assert xml != members["model.xml"]
    with pytest.raises(Refused, match=words):
        check_openvino(xml, len(members["model.bin"]))
    with pytest.raises(Refused, match=words):
        import_model(described_anew(package, members | {"model.xml": xml}), question)


def keras_with(content, **changed):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            after.writestr(name, changed.get(name.split(".")[0], before.read(name)))
        for name in changed.keys() - {name.split(".")[0] for name in before.namelist()}:
            after.writestr(name, changed[name])
    return out.getvalue()


def test_it_refuses_a_keras_file_that_names_code(package):
    content = parts_of(package)["model.keras"]
    check_keras(content)
    config = json.loads(zipfile.ZipFile(io.BytesIO(content)).read("config.json"))
    for entry in ({"class_name": "Lambda", "module": "keras.layers"},
                  {"class_name": "ReLU", "module": "os"}):  # fmt: skip
        foreign = json.dumps(config | {"build_config": [entry]}).encode()
        with pytest.raises(Refused, match="which no backbone is made of"):
            check_keras(keras_with(content, config=foreign))
    with pytest.raises(Refused, match="other parts"):
        check_keras(keras_with(content, code=b"import os"))
    with pytest.raises(Refused, match="damaged"):
        check_keras(content[: len(content) // 2])


def test_it_refuses_weights_that_lead_to_other_files(package, tmp_path):
    import h5py

    content = parts_of(package)["model.keras"]
    path = tmp_path / "weights.h5"
    path.write_bytes(zipfile.ZipFile(io.BytesIO(content)).read("model.weights.h5"))
    with h5py.File(path, "a") as file:
        file["elsewhere"] = h5py.ExternalLink("/etc/hosts", "/")
    with pytest.raises(Refused, match="lead out of the file"):
        check_keras(keras_with(content, model=path.read_bytes()))


def test_an_imported_model_is_promoted_answers_and_is_retired(package, question, site_admin, analyst, client):
    run = import_model(package, question).run
    confirm(propose(run, by=site_admin), by=analyst)
    assert ModelRun.objects.current(question) == run
    client.force_login(analyst)
    page = client.get(f"/training/runs/{run.pk}/").content.decode()
    assert "Imported: it was trained elsewhere (site: Practice" in page
    assert f"reproduce {run.pk}" not in page
    assert f"{run.metrics['test']['auc']:.3f}" in page
    retire(run, by=site_admin)
    assert ModelRun.objects.current(question) is None


def test_what_needs_the_crops_refuses_an_imported_model(package, question):
    run = import_model(package, question).run
    with pytest.raises(Refused, match="cannot be done again"):
        reproduce(run)
    with pytest.raises(Refused, match="no scores to judge"):
        operating_points(run)


def test_an_imported_model_is_not_compared_on_towns_that_it_learnt_from(package, question):
    """Its crops are not here, but its towns of the same names are."""
    run = import_model(package, question).run
    assert list(comparison(run, None)["towns"]) == ["practice-quake/sur"]


def test_a_model_of_another_question_does_not_count_as_there(package, question):
    other = type(question).objects.create(slug="water", text="Is there water?")
    assert import_model(package, question).is_new
    assert import_model(package, other).is_new


def test_the_commands_write_and_take_in_a_file(run, tmp_path, capsys):
    path = tmp_path / "one.damage-model"
    call_command("export_model", run.pk, "--out", str(path), "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    call_command("import_model", str(path), "--question", "damage", "--sha256", told["sha256"])
    assert "is a candidate now" in capsys.readouterr().out
    call_command("import_model", str(path), "--question", "damage")
    assert "Already there" in capsys.readouterr().out
    with pytest.raises(CommandError, match="not the one that was given"):
        call_command("import_model", str(path), "--question", "damage", "--sha256", "1" * 64)


def test_analysts_and_admins_take_the_file_card_and_item_from_the_site(
    api, run, package, analyst, site_admin, volunteer, verifier, question
):
    address = f"/api/v1/model-runs/{run.pk}/"
    for person in (analyst, site_admin):
        api.force_authenticate(person)
        answer = api.get(f"{address}package/")
        assert answer.streaming
        taken = b"".join(answer.streaming_content)
        assert taken.startswith(b"PK")
        assert api.get(f"{address}model-card.md").content.decode() == exchange.card_of(run)
        assert api.get(f"{address}stac-item.json").json() == exchange.stac_of(run)
    path = package.with_name("taken")
    path.write_bytes(taken)
    assert import_model(path, question).is_new
    for person in (volunteer, verifier):
        api.force_authenticate(person)
        for name in ("package/", "model-card.md", "stac-item.json"):
            assert api.get(f"{address}{name}").status_code == 403


def test_an_unfinished_run_has_no_file(api, analyst, question):
    run = ModelRun.objects.create(question=question, backbone="tiny", status="failed")
    api.force_authenticate(analyst)
    assert api.get(f"/api/v1/model-runs/{run.pk}/package/").status_code == 400
    assert api.get("/api/v1/model-runs/999/package/").status_code == 404


def test_the_probe_is_the_same_on_every_machine():
    windows = probe_windows(20)
    assert windows.shape == (9, 20, 20, 3)
    assert hashlib.sha256(windows.tobytes()).hexdigest() == PROBE_SHA256


def test_a_model_with_a_head_of_scikit_learns_travels_too(question, towns, training_config, tmp_path):
    run = train(question, replace(training_config, head="svm"))
    path = tmp_path / "svm.damage-model"
    export_model(run, path)
    imported = import_model(path, question).run
    windows = np.random.default_rng(3).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    assert np.array_equal(load_engine(imported).scores(windows), load_engine(run).scores(windows))
