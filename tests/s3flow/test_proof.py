"""Large native pixel data that S3 copies by itself: how they are proved, what is said about it, and how a review tells them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from deident.cli.main import main
from deident.home import ProjectHome
from deident.ledger import Ledger, Outcome, Record
from deident.manifest import Manifest
from deident.report.schema import schema
from deident.review import Answer, Decided, Desk, Verdict, decide, end_review, reviewer_reference
from s3flowtools import Site, whole_run
from support.studies import NAME

#: Servers and faults take their time: make test-slow, and CI.
pytestmark = pytest.mark.slow

UID = "1.2.826.0.1.3680043.97"
FRAMES = 66
SAID = "pixels proved by version and range, not searched for text"
NOTHING_HELD = {"released": 1, "skipped": 0, "quarantined": 0}


def latest(site: Site) -> Record:
    ledger = Ledger(site.store("ledger"))
    (study,) = ledger.studies()
    record = ledger.latest(study)
    assert record is not None
    jsonschema.Draft202012Validator(schema("ledger-record")).validate(json.loads(record.to_bytes()))
    return record


def report_of(site: Site, run: str) -> tuple[dict[str, object], str]:
    """The report for machines, as its schema says, and the page."""
    files = site.objects("audit")
    (text,) = [data for key, data in files.items() if key.endswith(f"reports/{run}/report.json")]
    (page,) = [data for key, data in files.items() if key.endswith(f"reports/{run}/report.html")]
    document = json.loads(text)
    jsonschema.Draft202012Validator(schema("report")).validate(document)
    return document, page.decode()


def verdict_on(site: Site, record: Record, verdict: Verdict) -> Decided:
    with Desk.open(ProjectHome.open(site.home), record.run) as desk:
        decided = decide(desk, record.run, record.study, verdict, reviewer_reference(desk.home, "dr.planted"))
        if decided.record is not None:
            end_review(desk, [decided.record])
        return decided


def released(site: Site) -> bytes:
    """The one output, which stands under the manifest's word."""
    objects = site.released()
    (manifest,) = [Manifest.from_bytes(data) for key, data in objects.items() if key.endswith("manifest.json")]
    (output,) = manifest.instances
    assert len(objects[output.name]) == output.size
    return objects[output.name]


def pixels_of_source(site: Site) -> bytes:
    return site.objects("source")[f"{site.prefix}/frames.dcm"][-FRAMES << 20 :]


def test_text_in_pixels_that_only_s3_saw_is_not_found_and_the_report_says_that_nobody_looked(site: Site) -> None:
    site.make_vault()
    site.plant_frames(UID, FRAMES, NAME.encode())
    run, _ = whole_run(site.job())
    assert run.inputs == NOTHING_HELD
    record = latest(site)
    assert record.unsearched == 1
    assert record.outputs[0].digest.startswith("composed-hmac-sha256:")
    document, page = report_of(site, run.run)
    assert document["unsearched"] == 1
    assert [study["unsearched"] for study in document["studies"]] == [1]  # type: ignore[attr-defined]
    assert [instance["pixel_proof"] for instance in document["instances"]] == ["copied"]  # type: ignore[attr-defined]
    assert SAID in page
    assert "the pixels were not searched" in page
    (log,) = [json.loads(data) for key, data in site.objects("audit").items() if "/audit/" in key]
    jsonschema.Draft202012Validator(schema("audit")).validate(log)
    assert [file["pixel_proof"] for file in log["files"]] == ["copied"]
    again, _ = whole_run(site.job())
    assert again.nothing_new
    assert again.unsearched == 1


def test_a_job_that_wants_them_read_holds_what_names_somebody(site: Site) -> None:
    site.make_vault()
    site.plant_frames(UID, FRAMES, NAME.encode())
    run, _ = whole_run(site.job(pixel_proof="read"))
    assert run.inputs == {"released": 0, "skipped": 0, "quarantined": 1}
    record = latest(site)
    assert record.reasons == {"validation-leak": 1}
    assert record.unsearched == 0
    assert site.released() == {}


def test_what_was_copied_is_done_again_for_a_job_that_wants_it_read(site: Site) -> None:
    site.make_vault()
    site.plant_frames(UID, FRAMES)
    whole_run(site.job())
    before = released(site)
    assert before.endswith(pixels_of_source(site))
    run, _ = whole_run(site.job(pixel_proof="read"))
    assert (run.inputs, run.unchanged, run.unsearched) == (NOTHING_HELD, 0, 0)
    record = latest(site)
    assert (record.number, record.unsearched) == (2, 0)
    assert record.outputs[0].digest.startswith("sha256:")
    document, page = report_of(site, run.run)
    assert "pixel_proof" not in json.dumps(document)
    assert SAID not in page
    assert released(site) == before
    assert whole_run(site.job(pixel_proof="read"))[0].nothing_new
    assert whole_run(site.job())[0].nothing_new


@pytest.mark.parametrize("proof", ["copied", "read"])
def test_a_review_releases_what_was_validated(site: Site, proof: str) -> None:
    site.make_vault()
    site.plant_frames(UID, FRAMES)
    site.plant(UID, 1, SOPInstanceUID=f"{UID}.1.2")
    whole_run(site.job(release="after-review", pixel_proof=proof))
    record = latest(site)
    assert (record.outcome, len(record.outputs), site.released()) == (Outcome.AWAITING_REVIEW, 2, {})
    assert [len(staged.version) > 30 for staged in record.staged] == [True] * (proof == "copied")
    decided = verdict_on(site, record, Verdict.APPROVE)
    assert decided.answer is Answer.DONE
    written = latest(site)
    assert written == decided.record
    assert (written.outcome, written.staged, written.unsearched) == (Outcome.RELEASED, (), int(proof == "copied"))
    assert set(written.outputs) == set(record.outputs)
    assert any(data.endswith(pixels_of_source(site)) for data in site.released().values())
    document, page = report_of(site, written.run)
    assert document["unsearched"] == int(proof == "copied")
    assert (SAID in page) is (proof == "copied")
    assert site.staged() == []
    assert main(["audit", "verify", "--home", str(site.home)]) == 0
    assert whole_run(site.job(release="after-review", pixel_proof=proof))[0].nothing_new


def test_a_rejection_of_what_only_s3_saw_leaves_nothing(site: Site) -> None:
    site.make_vault()
    site.plant_frames(UID, FRAMES)
    whole_run(site.job(release="after-review"))
    assert verdict_on(site, latest(site), Verdict.REJECT).answer is Answer.DONE
    record = latest(site)
    assert (record.outcome, record.staged, record.unsearched) == (Outcome.QUARANTINED, (), 0)
    assert site.released() == {}
    assert site.staged() == []


@pytest.mark.parametrize("where", [100, 50 << 20], ids=["header", "pixels"])
def test_another_version_in_staging_is_not_released_however_small_the_change(site: Site, where: int) -> None:
    site.make_vault()
    site.plant_frames(UID, FRAMES)
    whole_run(site.job(release="after-review"))
    record = latest(site)
    (staged,) = record.staged
    key = f"{site.prefix}/{staged.key}"
    data = bytearray(site.objects("staging")[key])
    data[where] ^= 1
    path = Path(site.folder / "changed")
    path.write_bytes(data)
    site.server.client().upload_file(str(path), "site-staging", key)
    assert verdict_on(site, record, Verdict.APPROVE).answer is Answer.CHANGED
    assert latest(site).reasons == {"changed-while-reading": 1}
    assert site.released() == {}
    assert site.staged() == []


def test_a_version_of_another_output_is_no_proof(site: Site) -> None:
    site.make_vault()
    site.plant_frames(UID, FRAMES)
    whole_run(site.job(release="after-review"))
    record = latest(site)
    (staged,) = record.staged
    other = f"{record.run}/{record.study}/000077.dcm"
    client, bucket = site.server.client(), "site-staging"
    source = {"Bucket": bucket, "Key": f"{site.prefix}/{staged.key}"}
    client.copy_object(Bucket=bucket, Key=source["Key"].removesuffix(staged.key) + other, CopySource=source)
    client.delete_object(**source)
    assert verdict_on(site, record, Verdict.APPROVE).answer is Answer.CHANGED
    assert site.released() == {}
