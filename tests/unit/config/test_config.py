"""Settings: their order, their origins, and what is said about a wrong one."""

from pathlib import Path

import pytest

from davserver.config import Settings, load, spelled
from davserver.errors import ConfigError


@pytest.fixture
def write(tmp_path):
    def write(text, name="settings.toml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


def test_defaults(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loaded = load({}, {})
    assert loaded.settings.listen == "127.0.0.1:8080"
    assert loaded.settings.data == Path("davserver-data")
    assert loaded.settings.catalog_url == f"sqlite:///{tmp_path}/davserver-data/catalog.db"
    assert loaded.settings.blocks_url == f"file://{tmp_path}/davserver-data/blocks"
    assert set(loaded.origins.values()) == {"default"}


def test_catalog_and_blocks_are_below_the_data_directory(tmp_path):
    settings = load({"data": tmp_path}, {}).settings
    assert settings.catalog_url == f"sqlite:///{tmp_path}/catalog.db"
    assert settings.blocks_url == f"file://{tmp_path}/blocks"


def test_flags_over_environment_over_file(write, tmp_path):
    path = write('data = "from-file"\nlisten = "h:1"\nworkers = 2\n[commit]\nidle_s = 3\n')
    environ = {"DAVSERVER_LISTEN": "h:2", "DAVSERVER_WORKERS": "3", "DAVSERVER_COMMIT_BYTES": "2MiB"}
    loaded = load({"workers": 4}, environ, path)
    settings = loaded.settings
    assert (settings.data, settings.listen, settings.workers) == (Path("from-file"), "h:2", 4)
    assert (settings.commit_idle_s, settings.commit_bytes) == (3.0, 2 << 20)
    assert loaded.origins["data"] == f"file {path}"
    assert loaded.origins["listen"] == "environment DAVSERVER_LISTEN"
    assert loaded.origins["workers"] == "flag --workers"
    assert loaded.origins["commit_idle_s"] == f"file {path}"
    assert loaded.origins["tls_key"] == "default"


def test_file_named_by_the_environment(write):
    path = write("workers = 2")
    assert load({}, {"DAVSERVER_CONFIG": str(path)}).settings.workers == 2


def test_file_in_the_data_directory_is_optional(write, tmp_path):
    assert load({"data": tmp_path}, {}).settings.workers == 1
    path = write("workers = 2", "config.toml")
    loaded = load({"data": tmp_path}, {})
    assert loaded.settings.workers == 2
    assert loaded.origins["workers"] == f"file {path}"
    assert loaded.origins["data"] == "flag --data"


def test_file_in_the_data_directory_is_found_through_the_environment(write, tmp_path):
    write("workers = 2", "config.toml")
    assert load({}, {"DAVSERVER_DATA": str(tmp_path)}).settings.workers == 2


def test_file_in_the_data_directory_cannot_move_it(write, tmp_path):
    write('data = "elsewhere"', "config.toml")
    with pytest.raises(ConfigError, match="cannot name another"):
        load({"data": tmp_path}, {})


def test_named_file_must_exist(tmp_path):
    with pytest.raises(ConfigError, match=r"config: .*none\.toml cannot be read: No such file"):
        load({}, {}, tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ('lisen = "x"', "lisen", "did you mean listen?"),
        ("[commit]\nidle = 3", "commit.idle", "did you mean commit.idle_s?"),
        ("[comit]\nidle_s = 3", "comit.idle_s", "did you mean commit.idle_s?"),
        ("commit_idle_s = 3", "commit_idle_s", "did you mean commit.idle_s?"),
        ("quux = 1", "quux", "`davserver config show` lists every setting"),
    ],
)
def test_unknown_key_names_key_file_and_a_close_match(write, text, key, hint):
    path = write(text)
    with pytest.raises(ConfigError) as failure:
        load({}, {}, path)
    assert failure.value.key == key
    assert str(path) in failure.value.message
    assert failure.value.hint == hint


@pytest.mark.parametrize("text", ["workers = ", "a = 1\na = 2", "\xff"])
def test_file_that_is_no_toml(write, text):
    path = write("")
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match="is not TOML"):
        load({}, {}, path)


@pytest.mark.parametrize(
    ("flags", "environ", "message"),
    [
        ({"workers": "many"}, {}, r"workers: 'many' \(flag --workers\): .*integer"),
        ({}, {"DAVSERVER_WORKERS": "-1"}, r"workers: '-1' \(environment DAVSERVER_WORKERS\)"),
        ({}, {"DAVSERVER_COMMIT_IDLE_S": "0"}, r"commit.idle_s: '0'"),
        ({}, {"DAVSERVER_MEMORY_BYTES": "lots"}, r"memory_bytes: 'lots'"),
        ({}, {"DAVSERVER_LOG_LEVEL": "loud"}, r"log.level: 'loud'.*'debug'"),
        ({"tls_key": "k.pem"}, {}, r"tls.certificate: is needed too"),
    ],
)
def test_bad_value_is_one_line_with_key_value_and_origin(flags, environ, message):
    with pytest.raises(ConfigError, match=message) as failure:
        load(flags, environ)
    assert "\n" not in failure.value.message


def test_lists_are_written_with_commas_in_the_environment(write):
    assert load({}, {"DAVSERVER_ALLOWED_HOSTS": "a.org, b.org,"}).settings.allowed_hosts == ("a.org", "b.org")
    assert load({}, {}, write('allowed_hosts = ["a.org"]')).settings.allowed_hosts == ("a.org",)


def test_every_setting_is_described():
    assert all(field.description for field in Settings.model_fields.values())


def test_example_file_shows_every_setting_with_its_default(tmp_path):
    example = Path(__file__).parents[3] / "config" / "davserver.example.toml"
    text = example.read_text()
    live = tmp_path / "all.toml"
    live.write_text("\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines()))
    loaded = load({}, {}, live)
    assert {spelled(field) for field, origin in loaded.origins.items() if origin == "default"} == set()
    defaults = load({"data": loaded.settings.data}, {}).settings
    shown = {"tls_certificate", "tls_key", "catalog", "blocks", "data", "allowed_hosts"}
    shown |= {"access_htpasswd", "access_ldap_ca", "access_ldap_bind_password_file"}
    for field in set(Settings.model_fields) - shown:
        assert getattr(loaded.settings, field) == getattr(defaults, field), field


@pytest.mark.parametrize("peers", ["10.0.0.0/33", "proxy.example.org", "10.0.0.1/8"])
def test_a_trusted_proxy_is_a_network(peers):
    with pytest.raises(ConfigError, match=r"proxy\.trusted"):
        load({}, {"DAVSERVER_PROXY_TRUSTED": peers})


def test_trusted_proxies():
    assert load({}, {"DAVSERVER_PROXY_TRUSTED": "10.0.0.0/8, unix"}).settings.proxy_trusted == ("10.0.0.0/8", "unix")
    assert load({}, {"DAVSERVER_PROXY_TRUSTED": ""}).settings.proxy_trusted == ()


@pytest.mark.parametrize(("text", "prefix"), [("", ""), ("/", ""), ("/dav", "/dav"), ("/a/b_c/", "/a/b_c")])
def test_prefixes(text, prefix):
    assert load({}, {"DAVSERVER_PROXY_PREFIX": text}).settings.proxy_prefix == prefix


@pytest.mark.parametrize("text", ["dav", "/a b", "/a//b", "/a/../b", "/a%20b", "/a?b", "http://a/b"])
def test_what_is_no_prefix(text):
    with pytest.raises(ConfigError, match=r"proxy\.prefix"):
        load({}, {"DAVSERVER_PROXY_PREFIX": text})


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ('oidc_issuer = "https://login.example.org"', "access.oidc_audience"),
        ('oidc_audience = "davserver"', "access.oidc_issuer"),
        ('ldap_url = "ldaps://directory.example.org"', "access.ldap_users"),
        ('proxy_groups = "X-Groups"', "access.proxy_user"),
        ('proxy_user = "X Remote"', "access.proxy_user"),
    ],
)
def test_half_a_backend_is_refused(write, settings, missing):
    with pytest.raises(ConfigError) as refused:
        load({}, {}, write(f"[access]\n{settings}\n"))
    assert refused.value.key == missing
