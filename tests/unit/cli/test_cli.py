"""The command line: what it prints, its exit status, and that errors are a line and a hint."""

import json

import pytest

from davserver import __version__
from davserver.cli.main import run

MANIFEST = ". d41d8cd98f00b204e9800998ecf8427e+0 0:0:empty\n"


@pytest.fixture
def davserver(tmp_path, capfdbinary):
    """Run a command on a fresh data directory; returns (status, output, errors)."""

    def davserver(*arguments, data=tmp_path / "data"):
        where = ("--data", str(data)) if data else ()
        status = run([*arguments, *where])
        done = capfdbinary.readouterr()
        return status, done.out.decode(), done.err.decode()

    return davserver


@pytest.fixture
def ok(davserver):
    """Run a command that must succeed; returns its output, read as JSON if it was asked for."""

    def ok(*arguments):
        status, out, err = davserver(*arguments)
        assert (status, err) == (0, "")
        return json.loads(out) if "--json" in arguments else out

    return ok


@pytest.fixture
def refused(davserver):
    """Run a command that must fail; returns (status, errors)."""

    def refused(*arguments, **options):
        status, out, err = davserver(*arguments, **options)
        assert out == ""
        assert "Traceback" not in err
        return status, err

    return refused


def test_version(davserver):
    assert davserver("--version", data=None) == (0, f"davserver {__version__}\n", "")


@pytest.mark.parametrize(
    "place",
    [
        lambda data: ["--data", data, "collection", "list", "--json"],
        lambda data: ["collection", "--data", data, "list", "--json"],
        lambda data: ["collection", "list", "--data", data, "--json"],
        lambda data: ["collection", "list", "--json", f"--data={data}"],
        lambda data: ["--data", "/nonexistent/elsewhere", "collection", "list", "--json", "--data", data],
    ],
)
def test_data_is_accepted_anywhere(ok, davserver, tmp_path, place):
    ok("collection", "create", "here")
    status, out, _ = davserver(*place(str(tmp_path / "data")), data=None)
    assert status == 0
    assert [row["name"] for row in json.loads(out)] == ["here"]


def test_config_is_accepted_anywhere(davserver, tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text(f'data = "{tmp_path}/from-file"\n')
    for line in (
        ["--config", str(path), "config", "show", "--json"],
        ["config", "show", "--json", "--config", str(path)],
    ):
        status, out, _ = davserver(*line, data=None)
        assert status == 0
        assert json.loads(out)["data"] == {"value": f"{tmp_path}/from-file", "origin": f"file {path}"}


def test_config_show_tells_values_and_origins(ok, monkeypatch):
    monkeypatch.setenv("DAVSERVER_COMMIT_IDLE_S", "7")
    shown = ok("config", "show", "--json")
    assert shown["commit.idle_s"] == {"value": 7.0, "origin": "environment DAVSERVER_COMMIT_IDLE_S"}
    assert shown["data"]["origin"] == "flag --data"
    assert shown["blocks"]["value"].startswith("file:///")
    assert shown["listen"] == {"value": "127.0.0.1:8080", "origin": "default"}
    lines = ok("config", "show").splitlines()
    assert len(lines) == len(shown)


def test_no_secret_of_a_setting_is_shown(davserver, monkeypatch):
    monkeypatch.setenv("DAVSERVER_CATALOG", "postgresql://me:pass-word@db/name")
    monkeypatch.setenv("DAVSERVER_BLOCKS", "s3://bucket/x?secret_access_key=pass-word")
    for line in (["config", "show"], ["config", "show", "--json"], ["collection", "list"]):
        status, out, err = davserver(*line)
        assert "pass-word" not in out + err
        assert (status == 0) == (line[0] == "config")


def test_life_of_a_collection(ok):
    made = ok("collection", "create", "a", "--json")
    assert made["name"] == "a"
    ok("collection", "rename", "a", "b")
    assert ok("collection", "show", "b", "--json")["uuid"] == made["uuid"]
    ok("collection", "trash", "b")
    assert ok("collection", "list", "--json") == []
    [trashed] = ok("collection", "list", "--trashed", "--json")
    assert (trashed["uuid"], trashed["name"]) == (made["uuid"], "b")
    assert trashed["trashed"].endswith("Z")
    ok("collection", "create", "b")
    assert ok("collection", "restore", made["uuid"], "--as", "c", "--json")["name"] == "c"
    assert [row["name"] for row in ok("collection", "list", "--json")] == ["b", "c"]
    assert ok("collection", "list").splitlines()[0].split() == ["NAME", "UUID", "VERSION", "CREATED"]


def test_a_collection_has_the_limit_it_is_given(ok, davserver):
    ok("collection", "create", "c")
    ok("collection", "quota", "c", "10KiB")
    assert ok("collection", "show", "c", "--json")["quota_bytes"] == 10240
    ok("collection", "quota", "c", "none")
    assert ok("collection", "show", "c", "--json")["quota_bytes"] is None
    for nonsense in ("much", "-1", "1e30"):
        assert davserver("collection", "quota", "c", nonsense)[0] == 2


def test_restore_takes_the_last_trashed_of_a_name(ok):
    uuids = []
    for _ in range(2):
        uuids.append(ok("collection", "create", "a", "--json")["uuid"])
        ok("collection", "trash", "a")
    assert ok("collection", "restore", "a", "--json")["uuid"] == uuids[1]


def test_import_and_export(ok, tmp_path):
    file = tmp_path / "manifest"
    file.write_text(MANIFEST)
    imported = ok("import", "a", str(file), "--json")
    assert (imported["version"], imported["files"]) == (1, 1)
    assert ok("export", "a") == MANIFEST
    assert ok("export", "a", "--version", "1") == MANIFEST


def test_import_reads_standard_input(ok, tmp_path, monkeypatch):
    file = tmp_path / "manifest"
    file.write_text(MANIFEST)
    with file.open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        ok("import", "a", "-")
    assert ok("export", "a") == MANIFEST


def test_import_of_missing_blocks_is_refused_unless_unchecked(ok, refused, tmp_path):
    file = tmp_path / "manifest"
    file.write_text(". 33a7e160a8fbb37a87e5f6b7b5cf3c9f+5 0:5:a\n")
    status, errors = refused("import", "a", str(file))
    assert status != 0
    assert "33a7e160a8fbb37a87e5f6b7b5cf3c9f+5" in errors
    assert ok("collection", "list", "--json") == []
    ok("import", "a", str(file), "--unchecked")


@pytest.mark.parametrize("text", [". x\n", "no", ". d41d8cd98f00b204e9800998ecf8427e+0 0:0:a"])
def test_import_of_a_malformed_manifest_names_line_and_reason(refused, tmp_path, text):
    file = tmp_path / "manifest"
    file.write_text(text)
    status, errors = refused("import", "a", str(file))
    assert status != 0
    assert errors.startswith("davserver: manifest line 1: ")


def test_versions(ok, tmp_path):
    file = tmp_path / "manifest"
    file.write_text(MANIFEST)
    ok("import", "a", str(file))
    assert ok("commit", "a", "--json")["version"] == 1  # nothing changed
    ok("collection", "create", "b")
    assert ok("commit", "b", "--json")["portable_data_hash"] == "d41d8cd98f00b204e9800998ecf8427e+0"
    rows = ok("history", "a", "--json")
    assert [(row["version"], row["files"], row["bytes"]) for row in rows] == [(1, 1, 0)]
    assert ok("history", "a").splitlines()[0].split()[:2] == ["VERSION", "CREATED"]
    assert ok("commit", "a") == f"version 1 {rows[0]['portable_data_hash']}\n"


def test_fsck_is_quiet_when_all_is_well(ok):
    ok("collection", "create", "a")
    assert ok("fsck", "--json")["ok"] is True
    assert ok("fsck").endswith("0 errors\n")


def test_fsck_fails_on_damage(ok, davserver, tmp_path):
    file = tmp_path / "manifest"
    file.write_text(". 33a7e160a8fbb37a87e5f6b7b5cf3c9f+5 0:5:lost\n")
    ok("import", "a", str(file), "--unchecked")
    status, out, err = davserver("fsck")
    assert (status, err) == (1, "")
    assert "error: block-missing: 33a7e160a8fbb37a87e5f6b7b5cf3c9f+5" in out
    assert "a/lost" in out
    assert davserver("fsck", "--json")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["commit", "none"], 1, "davserver: no collection named 'none'\n"),
        (["export", "none"], 1, "davserver: no collection named 'none'\n"),
        (["history", "none"], 1, "davserver: no collection named 'none'\n"),
        (["collection", "show", "none"], 1, "davserver: no collection named 'none'\n"),
        (["collection", "rename", "none", "x"], 1, "davserver: no collection named 'none'\n"),
        (["collection", "create", "by_id"], 2, "davserver: invalid name 'by_id': reserved by the URL space\n"),
        (["collection", "create", "a/b"], 2, "davserver: invalid name 'a/b': contains a slash\n"),
        (
            ["collection", "restore", "none"],
            1,
            "davserver: no collection 'none' in the trash\nhint: davserver collection list --trashed\n",
        ),
    ],
)
def test_errors_are_a_line_and_perhaps_a_hint(refused, arguments, status, message):
    assert refused(*arguments) == (status, message)


def test_unknown_version(ok, refused):
    ok("collection", "create", "a")
    assert refused("export", "a", "--version", "7") == (2, "davserver: 'a' has no version 7\n")
    assert refused("restore", "a", "7") == (2, "davserver: 'a' has no version 7\n")


@pytest.mark.parametrize(
    "arguments", [["srve"], ["commit"], ["serve", "--colour", "red"], ["history", "a", "--before", "zero"]]
)
def test_usage_errors_have_status_2(refused, arguments):
    assert refused(*arguments)[0] == 2


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("catalog = 'mysql://h/d'", "catalog: "),
        ("catalog = 'nonsense'", "catalog: "),
        ("blocks = 'gopher://h'", "blocks: unknown scheme 'gopher'"),
        ("lisen = 'x'", "lisen: unknown setting in "),
    ],
)
def test_bad_settings_are_refused_by_every_command(refused, tmp_path, option, message):
    path = tmp_path / "settings.toml"
    path.write_text(option)
    status, errors = refused("collection", "list", "--config", str(path))
    assert status == 2
    assert errors.startswith("davserver: " + message)
    assert "\nhint: " in errors


def test_data_directory_that_cannot_be_made(refused, tmp_path):
    (tmp_path / "file").write_text("")
    status, errors = refused("collection", "list", data=tmp_path / "file" / "data")
    assert status == 2
    assert errors.startswith("davserver: data: ")


def test_bad_listen_address(refused):
    for address in ("nonsense", "h:70000", "[::1", "unix:"):
        status, errors = refused("serve", "--listen", address)
        assert status == 2
        assert "hint: HOST:PORT, [IPV6]:PORT or unix:PATH" in errors
