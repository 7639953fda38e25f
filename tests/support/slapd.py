"""A real LDAP server of the distribution on loopback, with two people and a group."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.certificates import make_certificate
from tests.support.process import until
from tests.support.programs import real_program
from tests.support.proxies import free_ports

BASE = "dc=example,dc=org"
ADMIN = f"cn=admin,{BASE}"
ADMIN_PASSWORD = "the directory's own password"

_CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile {folder}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCACertificateFile {certificate}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
disallow bind_anon
database mdb
suffix "{base}"
rootdn "{admin}"
rootpw "{password}"
directory {folder}/db
access to attrs=userPassword by anonymous auth by * none
access to * by * read
"""
_PEOPLE = """
dn: {base}
objectClass: dcObject
objectClass: organization
dc: example
o: example

dn: ou=people,{base}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{base}
objectClass: organizationalUnit
ou: groups

dn: uid=ann,ou=people,{base}
objectClass: inetOrgPerson
uid: ann
cn: Ann
sn: Ann
userPassword: correct horse

dn: uid=ben,ou=people,{base}
objectClass: inetOrgPerson
uid: ben
cn: Ben
sn: Ben
userPassword: battery staple

dn: cn=staff,ou=groups,{base}
objectClass: groupOfNames
cn: staff
member: uid=ann,ou=people,{base}
member: {admin}
"""


class Slapd:
    """A running server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate, key = make_certificate(folder)
        self.port, self.tls_port = free_ports(2)
        self.url = f"ldap://127.0.0.1:{self.port}"
        self.tls_url = f"ldaps://127.0.0.1:{self.tls_port}"
        names = {"base": BASE, "admin": ADMIN, "password": ADMIN_PASSWORD, "folder": folder}
        (folder / "db").mkdir()
        self.config = folder / "slapd.conf"
        self.config.write_text(_CONFIG.format(**names, certificate=self.certificate, key=key))
        people = _PEOPLE.format(**names)
        program = real_program("slapd")
        subprocess.run([program, "-T", "add", "-f", self.config], input=people, text=True, check=True)
        self._process = self._start(program)

    def _start(self, program: Path) -> subprocess.Popen[bytes]:
        log = (self.folder / "log").open("wb")
        urls = f"{self.url}/ {self.tls_url}/"
        process = subprocess.Popen([program, "-d", "0", "-f", self.config, "-h", urls], stdout=log, stderr=log)
        log.close()
        until(lambda: (self.folder / "slapd.pid").exists() and self._answers())
        return process

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(30)

    def start(self) -> None:
        """Let it run again."""
        (self.folder / "slapd.pid").unlink(missing_ok=True)
        self._process = self._start(real_program("slapd"))

    def change(self, ldif: str) -> None:
        """Make changes as its administrator."""
        command = [real_program("ldapmodify"), "-x", "-H", self.url, "-D", ADMIN, "-w", ADMIN_PASSWORD]
        subprocess.run(command, input=ldif, text=True, check=True, capture_output=True)

    def _answers(self) -> bool:
        command = [real_program("ldapwhoami"), "-x", "-H", self.url, "-D", ADMIN, "-w", ADMIN_PASSWORD]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0


@contextmanager
def running_slapd(folder: Path) -> Iterator[Slapd]:
    """Run a server until the block ends."""
    server = Slapd(folder)
    try:
        yield server
    finally:
        server.stop()
