"""Discovery in S3: headers by range, nothing read twice, nothing taken that still arrives."""

from __future__ import annotations

import json
import os
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from pydicom.data import get_testdata_file

from deident.context import Context
from deident.discovery import Discovery, discover
from deident.errors import Reason
from s3flowtools import Site, whole_run
from s3tools.proxy import FaultProxy
from support.studies import NAME, PATIENT_ID

UID = "1.2.826.0.1.3680043.89"


def found(site: Site, **values: object) -> Discovery:
    with closing(Context.open(site.job(**values))) as context:
        return discover(context)


@pytest.fixture
def seen_by(site: Site, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> FaultProxy:
    """The proxy between the project and S3: it writes down what is asked."""
    site.make_vault()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
    return proxy


def headers_read(proxy: FaultProxy, site: Site) -> int:
    start = f"{site.prefix}/"
    keys = [r.key for r in proxy.journal if r.operation == "GetObject" and r.key.startswith(start + UID)]
    proxy.reset()
    return len(keys)


def test_a_header_is_read_once_whatever_becomes_of_the_object(site: Site, seen_by: FaultProxy) -> None:
    site.plant(UID, 3)
    site.store("source").put(f"{UID}-text", b"no DICOM at all, but long enough to be looked at " * 9)
    first = found(site)
    assert headers_read(seen_by, site) == 4
    again = found(site)
    assert headers_read(seen_by, site) == 0
    assert again.studies == first.studies
    assert again.others == first.others
    assert [other.reason for other in again.others] == [Reason.NOT_DICOM]


def test_what_changes_is_read_again_and_so_is_everything_for_another_cohort(site: Site, seen_by: FaultProxy) -> None:
    site.plant(UID, 3)
    first = found(site)
    headers_read(seen_by, site)
    site.plant(UID, 1, SeriesDescription="changed")
    second = found(site)
    assert headers_read(seen_by, site) == 1
    assert second.studies[0].fingerprint != first.studies[0].fingerprint
    assert found(site, cohort={"modality": ["MR"]}).studies == ()
    assert headers_read(seen_by, site) == 3
    assert len(found(site, cohort={"modality": ["MR"]}).others) == 3
    assert headers_read(seen_by, site) == 0


def test_an_index_that_was_tampered_with_counts_as_nothing(site: Site, seen_by: FaultProxy) -> None:
    site.plant(UID, 2)
    first = found(site)
    headers_read(seen_by, site)
    (key,) = [key for key in site.objects("staging") if "/seen/" in key]
    data = site.objects("staging")[key]
    other = data.replace(first.studies[0].id.encode(), b"a" * 16)
    assert other != data
    site.server.client().put_object(Bucket="site-staging", Key=key, Body=other)
    assert found(site).studies == first.studies
    assert headers_read(seen_by, site) == 2


def test_the_index_holds_no_identifier_and_no_key_of_an_object(site: Site, seen_by: FaultProxy) -> None:
    site.plant(UID, 2)
    found(site)
    assert headers_read(seen_by, site) == 2
    data = b"".join(data for key, data in site.objects("staging").items() if "/seen/" in key)
    assert data
    for secret in (NAME, PATIENT_ID, UID):
        assert secret.encode() not in data


@pytest.mark.slow
def test_many_segments_of_the_index_become_one(site: Site, seen_by: FaultProxy) -> None:
    for number in range(22):
        site.plant(f"{UID}.{number}", 1)
        found(site)
    assert len([key for key in site.objects("staging") if "/seen/" in key]) < 5
    headers_read(seen_by, site)
    assert len(found(site).studies) == 22
    assert headers_read(seen_by, site) == 0


def test_a_study_is_taken_when_it_is_quiet_and_named_until_then(site: Site) -> None:
    site.make_vault()
    site.plant(UID, 2)
    discovery = found(site, quiet_seconds=3600)
    assert discovery.studies == ()
    assert [other.reason for other in discovery.others] == [Reason.ARRIVING] * 2
    report, _ = whole_run(site.job(quiet_seconds=3600))
    assert report.inputs == {"released": 0, "skipped": 2, "quarantined": 0}
    assert site.released() == {}
    assert len(found(site).studies) == 1


def test_an_upload_that_is_not_complete_is_named(site: Site) -> None:
    site.make_vault()
    client, place = site.server.client(), {"Bucket": "site-source", "Key": f"{site.prefix}/{UID}-half"}
    client.create_multipart_upload(**place)
    (other,) = found(site).others
    assert (other.reason, other.detail) == (Reason.ARRIVING, "an upload")


@pytest.mark.slow
def test_the_second_discovery_of_ten_thousand_objects_reads_no_header(site: Site, seen_by: FaultProxy) -> None:
    with open(get_testdata_file("MR_small.dcm"), "rb") as file:
        data = file.read()
    client = site.server.client(max_pool_connections=16)

    def put(number: int) -> None:
        client.put_object(Bucket="site-source", Key=f"{site.prefix}/{UID}-{number:05d}", Body=data)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(put, range(10_000)))
    first = found(site)
    assert headers_read(seen_by, site) == 10_000
    tracemalloc.start()
    try:
        second = found(site)
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert headers_read(seen_by, site) == 0
    assert second.studies == first.studies
    print(json.dumps({"first": first.seconds, "second": second.seconds, "MB": held / 1e6, "cores": os.cpu_count()}))  # noqa: T201
    assert held < 40e6
