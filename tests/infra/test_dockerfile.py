"""The image: hadolint's rules, and what it does not know of ours. No image is built here, as that takes a Docker engine."""

import re
import subprocess
import sysconfig
from pathlib import Path

from packaging.utils import canonicalize_name

from deident import __version__
from infratools.compose import ROOT, project

FILE = ROOT / "infra" / "Dockerfile"
HADOLINT = [str(Path(sysconfig.get_path("scripts")) / "hadolint"), "--config", str(ROOT / "infra" / "hadolint.yaml")]


def instructions():
    """(instruction, arguments), continued lines joined, comments left out."""
    lines = [line for line in FILE.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def last_stage():
    found = instructions()
    start = max(i for i, (name, _) in enumerate(found) if name == "FROM")
    return found[start:]


def values(name, stage=None):
    return [arguments for instruction, arguments in (stage or instructions()) if instruction == name]


def lock(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    return {canonicalize_name(m[1]): m[2] for m in re.finditer(r"^([A-Za-z0-9_.-]+)==(\S+)", text, flags=re.MULTILINE)}


def test_hadolint_finds_nothing_and_finds_what_it_should(tmp_path):
    done = subprocess.run([*HADOLINT, str(FILE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    bad = tmp_path / "Dockerfile"
    bad.write_text(FILE.read_text().replace("USER 10001:10001", "USER root").replace(":3.12.12-slim-bookworm", ""))
    done = subprocess.run([*HADOLINT, str(bad)], capture_output=True, text=True, check=False)
    assert {"DL3002", "DL3006"} <= set(re.findall(r"DL\d+", done.stdout))


def test_the_base_is_pinned_the_same_in_both_stages():
    bases = {arguments.split()[0] for arguments in values("FROM")}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", bases.pop())


def test_the_image_runs_as_a_numbered_user_and_has_health_signal_and_entry():
    stage = last_stage()
    assert values("USER", stage) == ["10001:10001"]
    assert values("ENTRYPOINT", stage) == ['["deident"]']
    assert values("STOPSIGNAL", stage) == ["SIGTERM"]
    assert values("HEALTHCHECK", stage)[0].endswith('CMD ["deident", "--version"]')
    assert values("VOLUME", stage) == ['["/var/lib/deident"]']


def test_nothing_is_fetched_but_what_the_lock_names_and_nothing_is_compiled():
    assert values("ADD") == []
    assert values("ARG") == []
    runs = " ".join(values("RUN"))
    assert "--require-hashes" in runs
    assert "--only-binary :all:" in runs
    assert not re.search(r"\b(curl|wget|apt-get|gcc|build-essential|git)\b", runs)
    assert "uninstall --yes setuptools pip" in runs


def test_only_the_environment_of_the_build_enters_the_final_stage():
    copies = values("COPY", last_stage())
    assert copies == ["--from=build /app /app"]
    assert not re.search(r"(?i)password|secret|token|auth", " ".join(values("ENV")))


def test_what_enters_the_build_is_listed():
    ignored = (ROOT / "infra" / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in ignored if line and not line.startswith("#")]
    assert patterns[0] == "*"
    let_in = {line[1:] for line in patterns if line.startswith("!")}
    stage = instructions()[: len(instructions()) - len(last_stage())]
    copied = {word for arguments in values("COPY", stage) for word in arguments.split()[:-1]}
    assert copied == let_in
    assert all((ROOT / name).exists() for name in let_in)


def test_the_lock_of_the_image_is_that_of_the_project_and_its_extras():
    image, runtime = lock("infra/requirements.lock"), lock("requirements.lock")
    assert {name: image.get(name) for name in runtime} == runtime
    assert set(image) - set(runtime) >= {"prefect-redis", "pylibjpeg"}
    assert "setuptools" in image
    development = lock("requirements-dev.lock")
    assert {name for name in set(image) & set(development) if image[name] != development[name]} == set()


def test_the_image_of_the_compose_file_is_this_version():
    images = {s["image"] for s in project()["services"].values() if "build" in s}
    assert images == {f"deident:{__version__}"}
    assert f"--tag deident:{__version__}" in FILE.read_text(encoding="utf-8")
