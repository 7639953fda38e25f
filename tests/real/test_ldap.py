"""The people of a real LDAP directory: the suite of all backends, and what is particular to this one."""

from __future__ import annotations

import base64
import importlib.util
import os
import time
from contextlib import suppress
from subprocess import CalledProcessError
from urllib.parse import urlsplit

import pytest

from davserver.access import managing
from davserver.access.backend import Chain
from davserver.access.ldapbook import Directory, LdapBook
from davserver.access.passwordbackend import PasswordBackend
from davserver.access.principal import Caller
from davserver.access.throttle import Throttle
from davserver.blocks.memory import MemoryStore
from davserver.catalog.database import open_catalog
from davserver.catalog.model import Right
from davserver.errors import Invalid, NotAuthenticated, StoreUnavailable
from davserver.live.house import House
from tests.suites.access_backend import HOME, EndsAtOnceSuite, GroupsSuite, Stage, basic
from tests.support.process import serving
from tests.support.programs import unavailable
from tests.support.site import Client
from tests.support.slapd import ADMIN, ADMIN_PASSWORD, BASE, running_slapd

PEOPLE = {"ann": "correct horse", "ben": "battery staple"}


@pytest.fixture(scope="module")
def slapd(tmp_path_factory):
    if importlib.util.find_spec("ldap") is None:
        unavailable("python-ldap is not installed")
    with running_slapd(tmp_path_factory.mktemp("slapd")) as slapd:
        yield slapd


class InDirectory(Stage):
    knows_groups = True

    def __init__(self, slapd, **options):
        self.slapd = slapd
        self.directory = Directory(
            url=slapd.tls_url,
            users=f"ou=people,{BASE}",
            user_filter="(uid={name})",
            name_attribute="uid",
            groups=f"ou=groups,{BASE}",
            group_filter="(member={dn})",
            bind_dn=ADMIN,
            bind_password=ADMIN_PASSWORD,
            start_tls=False,
            ca=slapd.certificate,
        )._replace(**options)
        self.backend = PasswordBackend(
            [LdapBook(self.directory)],
            Throttle(time.monotonic),
            monotonic=time.monotonic,
            random_bytes=os.urandom,
        )

    def caller(self, name, password=None):
        return Caller(basic(name, password or PEOPLE[name]), HOME, is_tls=True)

    def wrong(self, name):
        return [self.caller(name, "wrong password"), self.caller(name, PEOPLE["ben"] + "x")]

    def secret_of(self, caller):
        return base64.b64decode(caller.authorization.split()[1]).decode().partition(":")[2]

    def remove(self, name):
        self.slapd.change(f"dn: uid={name},ou=people,{BASE}\nchangetype: delete\n")

    def leave(self, name):
        member = (
            f"dn: cn=staff,ou=groups,{BASE}\nchangetype: modify\ndelete: member\nmember: uid={name},ou=people,{BASE}\n"
        )
        self.slapd.change(member)

    def again(self):
        """Put ann back as she was."""
        ann = f"dn: uid=ann,ou=people,{BASE}"
        with suppress(CalledProcessError):  # a test removed her
            self.slapd.change(f"{ann}\nchangetype: delete\n")
        self.slapd.change(
            f"{ann}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: ann\ncn: Ann\nsn: Ann\n"
            f"userPassword: {PEOPLE['ann']}\n\n"
            f"dn: cn=staff,ou=groups,{BASE}\nchangetype: modify\nreplace: member\n"
            f"member: uid=ann,ou=people,{BASE}\nmember: {ADMIN}\n"
        )


class TestLdap(EndsAtOnceSuite, GroupsSuite):
    @pytest.fixture
    def stage(self, slapd):
        stage = InDirectory(slapd)
        yield stage
        stage.again()

    def test_another_password_is_asked_for_at_once(self, stage):
        chain = Chain([stage.backend])
        chain.authenticate(stage.caller("ann"))
        stage.slapd.change(
            f"dn: uid=ann,ou=people,{BASE}\nchangetype: modify\nreplace: userPassword\nuserPassword: another horse\n"
        )
        with pytest.raises(NotAuthenticated):
            chain.authenticate(stage.caller("ann"))
        assert chain.authenticate(stage.caller("ann", "another horse")).name == "ann"

    def test_the_name_is_the_directorys_however_it_is_typed(self, stage):
        assert Chain([stage.backend]).authenticate(stage.caller("ANN", PEOPLE["ann"])).name == "ann"

    def test_start_tls_will_do(self, stage):
        other = InDirectory(stage.slapd, url=stage.slapd.url, start_tls=True)
        assert Chain([other.backend]).authenticate(other.caller("ann")).name == "ann"

    def test_a_certificate_of_somebody_else_is_not_taken(self, stage):
        other = InDirectory(stage.slapd, ca=None)
        with pytest.raises(StoreUnavailable, match="cannot be asked"):
            Chain([other.backend]).authenticate(other.caller("ann"))

    def test_who_may_not_search_lets_nobody_in(self, stage):
        other = InDirectory(stage.slapd, bind_password="wrong")
        with pytest.raises(StoreUnavailable, match="Invalid credentials"):
            Chain([other.backend]).authenticate(other.caller("ann"))

    def test_a_directory_that_is_gone_is_a_fault_and_is_found_again(self, stage):
        chain = Chain([stage.backend])
        chain.authenticate(stage.caller("ann"))
        stage.slapd.stop()
        with pytest.raises(StoreUnavailable):
            chain.authenticate(stage.caller("ann"))
        stage.slapd.start()
        assert chain.authenticate(stage.caller("ann")).name == "ann"

    @pytest.mark.parametrize(
        "options",
        [
            {"url": "ldap://directory.example.org"},
            {"url": "http://127.0.0.1"},
            {"user_filter": "(uid=ann)"},
        ],
        ids=str,
    )
    def test_what_would_give_passwords_away_is_refused(self, stage, options):
        with pytest.raises(Invalid):
            LdapBook(stage.directory._replace(**options))


def test_a_server_lets_the_people_of_the_directory_in(slapd, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(ADMIN_PASSWORD + "\n")
    environment = {
        "DAVSERVER_ACCESS_LDAP_URL": slapd.tls_url,
        "DAVSERVER_ACCESS_LDAP_CA": str(slapd.certificate),
        "DAVSERVER_ACCESS_LDAP_BIND_DN": ADMIN,
        "DAVSERVER_ACCESS_LDAP_BIND_PASSWORD_FILE": str(secret),
        "DAVSERVER_ACCESS_LDAP_USERS": f"ou=people,{BASE}",
        "DAVSERVER_ACCESS_LDAP_GROUPS": f"ou=groups,{BASE}",
    }
    data = tmp_path / "data"
    data.mkdir()
    house = House(open_catalog(f"sqlite:///{data}/catalog.db"), MemoryStore(clock=time.time))
    house.edit(lambda edit: edit.create_collection("c"))
    managing.add_group(house, "staff")
    managing.grant(house, "c", "@staff", Right.WRITE)
    house.close()
    with serving(data, environment=environment) as server:
        address = urlsplit(server.url)
        client = Client(address.hostname, address.port)

        def status(name, method, path):
            headers = {"Authorization": basic(name, PEOPLE[name])} if name else {}
            return client.send(method, path, b"x" if method == "PUT" else None, headers).status

        assert status("", "GET", "/c/") == 401
        assert status("ann", "PUT", "/c/f") == 201
        assert status("ben", "GET", "/c/f") == 404
        assert status("ben", "MKCOL", "/his/") == 201
        client.connection.close()
