import subprocess
import sys

import pytest

from deident.flows.settings import LOGGING, apply, client_environment, server_environment
from deident.home import ProjectHome


@pytest.fixture
def home(tmp_path):
    return ProjectHome.open(tmp_path / "home")


def test_what_another_prefect_has_set_is_taken_out(home):
    environment = {"PREFECT_API_KEY": "theirs", "PREFECT_LOGGING_EXTRA_LOGGERS": "pydicom", "PATH": "/bin"}
    apply(client_environment(home, 4270), environment)
    assert "PREFECT_API_KEY" not in environment
    assert environment["PREFECT_LOGGING_EXTRA_LOGGERS"] == ""
    assert environment["PATH"] == "/bin"


@pytest.mark.parametrize("made", [client_environment, server_environment])
def test_nothing_calls_home_and_nothing_is_persisted(home, made):
    settings = made(home, 4270)
    assert settings["DO_NOT_TRACK"] == "1"
    assert settings["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert settings["PREFECT_SERVER_UI_V2_ENABLED"] == "false"
    assert settings["PREFECT_RESULTS_PERSIST_BY_DEFAULT"] == "false"
    assert settings["PREFECT_HOME"] == str(home.prefect)


def test_a_proxy_is_not_asked_for_our_own_server(home, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    assert client_environment(home, 4270)["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"


def test_settings_can_be_made_without_importing_prefect():
    code = "import sys, deident.flows.settings, deident.flows.run; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_prefect_takes_every_setting_and_our_log_configuration(home):
    code = """
import logging, prefect.main, sys
from prefect.settings import get_current_settings as current
from deident.tasks.safelog import AllowListFilter
names = current().to_environment_variables(exclude_unset=True, include_aliases=True)
wanted = {name for name in sys.argv[1].split(',')}
print(wanted - set(names))
handlers = [*logging.getLogger().handlers, *logging.getLogger('prefect.flow_runs').handlers,
            *logging.getLogger('prefect.task_runs').handlers, *logging.getLogger('prefect.extra').handlers]
print([any(isinstance(f, AllowListFilter) for f in handler.filters) for handler in handlers])
"""
    settings = {**server_environment(home, 4270), **client_environment(home, 4270)}
    environment = dict(apply(settings, {}))
    names = ",".join(name for name in settings if name.startswith("PREFECT_"))
    done = subprocess.run(
        [sys.executable, "-c", code, names], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["set()", "[True, True, True, True]"]
    assert LOGGING.is_file()


@pytest.mark.parametrize("module", ["pydicom", "numpy", "boto3", "dask"])
def test_a_flow_leaves_what_its_workers_need_to_them(module):
    code = f"import sys, deident.flows.deidentification; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
