"""A run from bucket to bucket: the same outputs as from folder to folder, nothing of a patient outside of source and staging."""

from __future__ import annotations

import pytest

from deident.cli.main import main
from deident.errors import PlaceProblem
from deident.flows.places import register
from deident.flows.results import place_of, result_of, uri_of
from deident.home import ProjectHome
from deident.manifest import Manifest
from deident.vault import Vault, keys_at_hand, reidentify, verify
from s3flowtools import Site, scan, whole_run
from support.studies import PATIENT_ID, tree, write_study
from support.studies import whole_run as folder_run

UID = "1.2.826.0.1.3680043.88"


def test_a_run_goes_from_bucket_to_bucket_with_nothing_but_locks_in_the_home(site: Site) -> None:
    vault = site.make_vault()
    site.plant(UID, 3)
    report, files = whole_run(site.job())
    assert report.inputs == {"released": 3, "skipped": 0, "quarantined": 0}
    released = site.released()
    manifest = Manifest.from_bytes(next(data for key, data in released.items() if key.endswith("manifest.json")))
    assert {output.name for output in manifest.instances} == {key for key in released if key.endswith(".dcm")}
    assert site.staged() == []
    assert files.html.startswith(site.place("audit", "/reports"))
    kept = {name for name in tree(site.home) if not name.startswith("prefect/")}
    assert kept == {"deident-home", "places.toml"}
    assert verify(vault).problems == ()
    assert {key.removeprefix(site.prefix).split("/")[1] for key in site.objects("ledger")} == {
        "studies",
        "chains",
        "runs",
    }
    again, _ = whole_run(site.job())
    assert again.nothing_new


def test_the_outputs_are_those_of_a_run_from_folder_to_folder(site: Site) -> None:
    local = site.folder / "local"
    local.mkdir()
    write_study(local / "source", UID, 2)
    folder_run(local)
    from deident.pseudonyms import ProjectKey

    site.make_vault(ProjectKey.load(local / "home" / "key"))
    site.plant(UID, 2)
    whole_run(site.job())
    expected = {name: data for name, data in tree(local / "destination").items() if not name.startswith("_deident/")}
    assert site.released() == expected


def test_no_planted_identifier_is_in_any_bucket_but_source(site: Site) -> None:
    site.make_vault()
    site.plant(UID, 2)
    site.plant(f"{UID}.7", 1, BurnedInAnnotation="YES")
    whole_run(site.job(qa_pages=True))
    assert scan(site, "source")
    for name in ("staging", "released", "ledger", "vault", "audit"):
        assert scan(site, name) == [], name


def test_every_original_is_found_again_by_who_holds_the_key(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.make_vault()
    site.plant(UID, 3)
    whole_run(site.job())
    home = ProjectHome.existing(site.home)
    vault = Vault.open(site.store("vault"), keys_at_hand(home))
    for name in (key for key in site.released() if key.endswith(".dcm")):
        patient, study, series, instance = name.removesuffix(".dcm").split("/")
        found = reidentify(vault, (patient, study, series, instance))
        originals = {(entry.domain, entry.original) for entries in found.values() for entry in entries}
        assert {("patient", PATIENT_ID), ("uid", UID), ("uid", f"{UID}.1")} < originals
        assert len(originals) == 4
    assert main(["reidentify", patient, "--home", str(site.home)]) == 0
    assert PATIENT_ID in capsys.readouterr().out
    assert main(["reidentify", patient, "--vault", site.place("vault"), "--home", str(site.folder / "none")]) == 0
    assert PATIENT_ID in capsys.readouterr().out
    assert main(["vault", "verify", "--vault", site.place("vault"), "--home", str(site.folder / "none")]) == 0
    assert main(["vault", "status", "--home", str(site.home)]) == 0


def test_the_desks_find_ledger_audit_and_reports_where_the_home_says(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.make_vault()
    site.plant(UID, 1, BurnedInAnnotation="YES")
    report, _ = whole_run(site.job())
    assert main(["audit", "verify", "--home", str(site.home)]) == 0
    assert "intact" in capsys.readouterr().out
    assert main(["quarantine", "list", "--home", str(site.home)]) == 0
    assert report.studies[0].study in capsys.readouterr().out
    assert main(["quarantine", "show", report.studies[0].study, "--home", str(site.home)]) == 0
    assert "1 held inputs" in capsys.readouterr().out
    options = ["--source", site.place("source"), "--dest", site.place("released"), "--pixel-risk", "accept"]
    assert main(["quarantine", "retry", "--all", "--home", str(site.home), *options]) == 0
    assert len(site.released()) == 2
    (key,) = [key for key in site.objects("audit") if key.endswith(f"{report.run}/{report.studies[0].study}.json")]
    site.server.client().put_object(Bucket="site-audit", Key=key, Body=b"{}")
    assert main(["audit", "verify", "--home", str(site.home)]) == 1
    assert "audit" in capsys.readouterr().out


def test_a_parent_flow_finds_the_result_of_a_run_whose_ledger_and_report_lie_in_s3(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.make_vault()
    site.plant(UID, 2)
    report, _ = whole_run(site.job(), "20260101t000000z-abcdef")
    home = ProjectHome.existing(site.home)
    register(home, site.place("released"), "released")
    monkeypatch.setenv("DEIDENT_HOME", str(site.home))
    result = result_of(report)
    assert (result.inputs["released"], [study.instances for study in result.released]) == (2, [2])
    assert any(key.startswith(result.released[0].folder) for key in site.released())
    assert uri_of("released") == site.place("released")
    with pytest.raises(PlaceProblem, match="uri_of"):
        place_of("released")


def test_an_output_in_its_bucket_leads_back_and_can_be_compared(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.make_vault()
    site.plant(UID, 1)
    whole_run(site.job())
    (name,) = [key for key in site.released() if key.endswith(".dcm")]
    output, original = f"{site.place('released')}/{name}", f"{site.place('source')}/{UID}-1"
    assert main(["reidentify", output, "--home", str(site.home)]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert {(domain, found) for _, domain, found in lines} == {
        ("patient", PATIENT_ID),
        ("uid", UID),
        ("uid", f"{UID}.1"),
        ("uid", f"{UID}.1.1"),
    }
    assert main(["reidentify", f"{output}.gone", "--home", str(site.home)]) == 2
    assert main(["diff", original, output]) == 1
    assert "(0010,0010) PatientName PN" in capsys.readouterr().out
    assert main(["diff", output, output]) == 0
    assert main(["diff", original, f"{output}.gone"]) == 2
    assert "the output cannot be compared" in capsys.readouterr().err
