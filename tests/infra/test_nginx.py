"""infra/nginx.conf: taken by nginx, and doing before a server what docs/hardening.md says."""

import http.client
import re
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infratools.compose import ROOT, settings_of
from infratools.services import debian, running
from s3tools.ports import free_ports

TEXT = (ROOT / "infra" / "nginx.conf").read_text(encoding="utf-8")
NAME = "deident.example.org"


class Behind(BaseHTTPRequestHandler):
    """Stands for the Prefect server: answers with what it was told of the request."""

    def do_GET(self):
        body = f"{self.headers['X-Forwarded-Proto']} {self.headers['Upgrade']} {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    """The configuration with ports, paths and a certificate of the test; (plain port, TLS port, folder)."""
    folder = tmp_path_factory.mktemp("nginx")
    behind = ThreadingHTTPServer(("127.0.0.1", 0), Behind)
    threading.Thread(target=behind.serve_forever, daemon=True).start()
    key, certificate = folder / "deident.key", folder / "deident.crt"
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    request += [
        "-subj",
        f"/CN={NAME}",
        "-addext",
        f"subjectAltName=DNS:{NAME}",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run(request, check=True, capture_output=True)
    plain, tls = free_ports(2)
    text = (
        TEXT.replace("/etc/nginx/tls", str(folder))
        .replace("/var/log/nginx", str(folder))
        .replace("/run/", f"{folder}/")
    )
    text = text.replace("listen 80;", f"listen 127.0.0.1:{plain};").replace("listen 443 ", f"listen 127.0.0.1:{tls} ")
    text = text.replace("127.0.0.1:4200", f"127.0.0.1:{behind.server_port}")
    file = folder / "nginx.conf"
    file.write_text(f"daemon off;\n{text}")
    program = [debian("nginx"), "-p", str(folder), "-c", str(file)]
    checked = subprocess.run([*program, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr, checked.stderr
    with running(program, folder / "log") as process:
        for _ in range(100):
            assert process.poll() is None, (folder / "log").read_text()
            try:
                ask(folder, tls, "/")
                break
            except OSError:
                threading.Event().wait(0.1)
        yield plain, tls, folder
    behind.shutdown()


def ask(folder, port, path, version=None, address="127.0.0.1", **headers):
    context = ssl.create_default_context(cafile=str(folder / "deident.crt"))
    context.check_hostname = False
    if version is not None:
        context.minimum_version = context.maximum_version = version
    connection = http.client.HTTPSConnection(
        "127.0.0.1", port, context=context, timeout=10, source_address=(address, 0)
    )
    connection.request("GET", path, headers={"Host": NAME, **headers})
    answer = connection.getresponse()
    return answer, answer.read().decode()


@pytest.mark.slow
def test_requests_reach_the_server_by_tls_with_safe_headers(proxy):
    _, tls, folder = proxy
    answer, body = ask(folder, tls, "/runs", Upgrade="websocket")
    assert (answer.status, body) == (200, f"https websocket {NAME}")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"\d", answer.headers["Server"])


@pytest.mark.slow
def test_plain_http_is_sent_to_https(proxy):
    connection = http.client.HTTPConnection("127.0.0.1", proxy[0], timeout=10)
    connection.request("GET", "/runs", headers={"Host": NAME})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{NAME}/runs")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_tls_is_refused(proxy):
    _, tls, folder = proxy
    assert ask(folder, tls, "/", ssl.TLSVersion.TLSv1_2)[0].status == 200
    with pytest.raises(OSError, match=r"(?i)ssl|version|alert|protocol"):
        ask(folder, tls, "/", ssl.TLSVersion.TLSv1_1)


@pytest.mark.slow
def test_who_is_not_named_is_refused_and_nobody_chooses_where_results_go(proxy):
    _, tls, folder = proxy
    assert ask(folder, tls, "/", address="127.0.0.2")[0].status == 403
    assert ask(folder, tls, "/api/admin/storage")[0].status == 403
    assert ask(folder, tls, "/api/admin/version")[0].status == 200


@pytest.mark.slow
def test_the_log_holds_no_arguments_of_a_request(proxy):
    _, tls, folder = proxy
    ask(folder, tls, "/marked?name=Mustermann", Referer="https://elsewhere.example/Mustermann")
    log = (folder / "access.log").read_text()
    assert "/marked" in log
    assert "Mustermann" not in log


def test_the_addresses_of_the_proxy_are_those_it_tells_the_server_to_know():
    origins = re.findall(r"CORS_ALLOWED_ORIGINS=(\S+)", TEXT)
    assert origins == [f"https://{NAME}"]
    assert "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS" in settings_of("server.env")
