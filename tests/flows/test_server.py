import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from deident.flows import server as module
from deident.flows.server import ensure_server, find_server, stop_server
from deident.home import ProjectHome


class Impostor(BaseHTTPRequestHandler):
    """Answers like a healthy Prefect server of another home."""

    def do_GET(self):
        body = b"true" if self.path.endswith("/health") else json.dumps({"home": "/somewhere/else"}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def impostor():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Impostor)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def remember(home, **values):
    (home.prefect / "server.json").write_text(json.dumps(values))


def test_a_new_home_has_no_server(tmp_path):
    assert find_server(ProjectHome.open(tmp_path / "home")) is None


def test_a_server_that_merely_answers_is_not_ours(tmp_path, impostor):
    home = ProjectHome.open(tmp_path / "home")
    remember(home, pid=os.getpid(), started=module._start_time(os.getpid()), port=impostor)
    assert find_server(home) is None


def test_a_process_that_got_the_id_of_a_dead_server_is_not_ours(tmp_path, impostor):
    home = ProjectHome.open(tmp_path / "home")
    remember(home, pid=os.getpid(), started="1", port=impostor)
    assert find_server(home) is None
    assert not stop_server(home)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "started": "x", "port": 1, "more": 2}'])
def test_a_damaged_note_is_no_server(tmp_path, text):
    home = ProjectHome.open(tmp_path / "home")
    (home.prefect / "server.json").write_text(text)
    assert find_server(home) is None


def test_a_process_that_has_ended_has_no_start_time():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert module._start_time(child.pid) == ""
    assert module._start_time(os.getpid()) != ""


def test_a_port_in_use_is_passed_over(impostor):
    assert module._free_port(impostor) != impostor


@pytest.mark.slow
def test_a_server_is_started_once_found_again_and_stopped(new_home):
    first = ensure_server(new_home)
    assert ensure_server(new_home) == first == find_server(new_home)
    with pytest.raises(FileNotFoundError):
        os.stat(new_home.prefect / "server.pid")
    assert os.stat(new_home.prefect / "prefect.db").st_mode & 0o077 == 0
    assert os.stat(new_home.prefect / "server.log").st_mode & 0o077 == 0
    assert stop_server(new_home)
    assert find_server(new_home) is None
    again = ensure_server(new_home)
    assert again.port == first.port, "links to earlier runs stay good"


@pytest.mark.slow
def test_the_server_of_one_home_is_not_that_of_another(server, new_home):
    remember(new_home, pid=server.pid, started=server.started, port=server.port)
    assert find_server(new_home) is None
    assert not stop_server(new_home)
    assert module._start_time(server.pid) == server.started, "the server of the other home goes on"


@pytest.mark.slow
def test_a_server_that_dies_at_once_is_reported_without_a_path(tmp_path, monkeypatch):
    home = ProjectHome.open(tmp_path / "home")
    monkeypatch.setattr(module.sys, "executable", "/bin/false")
    with pytest.raises(module.ServerError) as caught:
        ensure_server(home)
    assert str(tmp_path) not in str(caught.value)
