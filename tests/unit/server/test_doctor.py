"""The doctor: each thing that hurts is told, and a healthy directory is told to be so."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from davserver.config import load
from davserver.server.doctor.disk import examine_disk, file_system_of
from davserver.server.doctor.examination import examine
from davserver.server.doctor.network import examine_network
from davserver.server.doctor.store import examine_store
from davserver.server.opening import open_house
from tests.support.certificates import make_certificate
from tests.support.operations import put
from tests.support.serving import run, start

DAY_S = 86_400
MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
31 22 0:27 / /mnt/with\\040blank rw - nfs4 server:/export rw
32 22 0:28 / /mnt/withother rw - tmpfs tmpfs rw
"""


def settings(data, **flags):
    return load({"data": data, **flags}, {}).settings


def levels(findings, about):
    return [finding.level for finding in findings if finding.about == about]


@pytest.fixture
def data(tmp_path):
    data = tmp_path / "data"
    with closing(open_house(settings(data))) as house:
        house.edit(lambda edit: edit.create_collection("c"))
    return data


def test_a_healthy_directory_has_nothing_to_complain_of(data):
    findings = list(examine(settings(data, listen="127.0.0.1:1", memory_bytes=1 << 26)))
    unwell = [finding for finding in findings if finding.level != "ok" and finding.about not in {"sync", "space"}]
    assert unwell == []
    assert {"file system", "sync", "catalog", "damage", "gc", "server"} <= {finding.about for finding in findings}
    assert [path.name for path in data.iterdir() if path.name.startswith("doctor-")] == []


def test_a_directory_that_is_not_there_is_not_made(tmp_path):
    findings = list(examine(settings(tmp_path / "none")))
    assert [finding for finding in findings if finding.level == "error"] == []
    assert levels(findings, "catalog") == ["warning"]
    assert not (tmp_path / "none").exists()


def test_a_directory_that_others_can_read(data):
    data.chmod(0o755)
    assert levels(examine_disk(settings(data), time.time, time.monotonic), "data") == ["warning"]


def test_a_disk_that_is_slow(data):
    moments = iter(range(1000))
    assert levels(examine_disk(settings(data), time.time, lambda: float(next(moments))), "sync") == ["warning"]


def test_a_disk_whose_clock_is_another(data):
    tomorrow = lambda: time.time() + DAY_S  # noqa: E731  # a clock
    assert levels(examine_disk(settings(data), tomorrow, time.monotonic), "clock") == ["warning"]


def test_a_disk_without_room(data):
    full = settings(data, limits_reserve_bytes=1 << 60)
    assert levels(examine_disk(full, time.time, time.monotonic), "space") == ["error"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/srv", "ext4"), ("/mnt/with blank/d", "nfs4"), ("/mnt/with", "ext4"), ("/mnt/withother", "tmpfs")],
)
def test_which_file_system_a_path_is_on(path, kind):
    assert file_system_of(Path(path), MOUNTS) == kind


def test_garbage_that_is_not_collected(data):
    assert run("gc", data=data).returncode == 0
    assert levels(examine_store(settings(data), time.time), "gc") == ["ok"]
    assert levels(examine_store(settings(data), lambda: time.time() + 10 * DAY_S), "gc") == ["warning"]
    assert levels(examine_store(settings(data, gc_period_s=0), time.time), "gc") == ["warning"]


def test_blocks_whose_disk_is_not_mounted(data):
    with closing(open_house(settings(data))) as house:
        put(house, "a", b"1" * 100_000)
        house.commit("c")
    assert levels(examine_store(settings(data), time.time), "blocks") == []
    shutil.rmtree(data / "blocks")
    assert levels(examine_store(settings(data), time.time), "blocks") == ["error"]


def test_an_open_address_without_accounts(data):
    findings = list(examine(settings(data, listen="0.0.0.0:1")))
    assert levels(findings, "network") == ["error"]


def test_a_catalog_that_cannot_be_read(data):
    (data / "catalog.db").write_bytes(b"no database at all" * 100)
    findings = list(examine(settings(data, listen="127.0.0.1:1")))
    assert levels(findings, "store") == ["error"]
    assert levels(findings, "server") == ["ok"]


def test_certificates(data, tmp_path):
    certificate, key = make_certificate(tmp_path)
    secure = settings(data, listen="127.0.0.1:1", tls_certificate=certificate, tls_key=key)
    key.chmod(0o600)
    [soon] = [finding for finding in examine_network(secure, time.time) if finding.about == "certificate"]
    assert (soon.level, "days from now" in soon.message) == ("warning", True)  # it is made for two days
    assert levels(examine_network(secure, lambda: time.time() - 99 * DAY_S), "certificate") == ["ok"]
    key.chmod(0o644)
    assert levels(examine_network(secure, time.time), "certificate") == ["warning", "warning"]


def test_a_certificate_that_is_over(data, tmp_path):
    certificate, key = make_certificate(tmp_path)
    dated_back = ["openssl", "x509", "-in", str(certificate), "-signkey", str(key), "-days", "-1", "-out"]
    subprocess.run([*dated_back, str(tmp_path / "over.pem")], capture_output=True, check=True)
    (tmp_path / "over.pem").replace(certificate)
    key.chmod(0o600)
    over = settings(data, listen="127.0.0.1:1", tls_certificate=certificate, tls_key=key)
    assert levels(examine_network(over, time.time), "certificate") == ["error"]


def test_a_proxy_list_that_is_the_whole_world(data):
    findings = examine_network(settings(data, listen="127.0.0.1:1", proxy_trusted="0.0.0.0/0"), time.time)
    assert levels(findings, "proxies") == ["warning"]


def test_the_server_is_asked_and_the_command_prints_it_all(data):
    with start(data) as server:
        done = run("doctor", "--json", "--config", str(config_of(data, server)), data=data)
        findings = json.loads(done.stdout)
        assert done.returncode == 0
        [said] = [finding["message"] for finding in findings if finding["about"] == "server"]
        assert "is ready" in said
        plain = run("doctor", data=data)
        assert plain.returncode == 0
        assert "ok       catalog: 1 collections" in plain.stdout


def config_of(data, server):
    """Write a settings file that says where the server listens."""
    path = data.parent / "settings.toml"
    path.write_text(f'listen = "{server.host}:{server.port}"\n')
    return path
