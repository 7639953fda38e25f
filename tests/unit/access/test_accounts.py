"""Who is let in: passwords, tokens, and that what ends, ends at once."""

import base64
import logging
import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher

from davserver.access import managing
from davserver.access.accounts import AccountBook
from davserver.access.backend import Chain
from davserver.access.door import Door
from davserver.access.guarded_house import GuardedHouse
from davserver.access.passwordbackend import VERIFIED_S, PasswordBackend
from davserver.access.passwords import QUEUE, Passwords
from davserver.access.principal import ANONYMOUS, Caller, Principal
from davserver.access.roster import Roster
from davserver.access.throttle import FREE_PER_ACCOUNT, FREE_PER_ADDRESS, Throttle
from davserver.access.tokenbackend import TokenBackend
from davserver.access.tokens import digest_of, looks_like_token
from davserver.blocks.memory import MemoryStore
from davserver.catalog.database import open_catalog
from davserver.catalog.model import Right
from davserver.errors import (
    Exists,
    InsecureChannel,
    Invalid,
    InvalidName,
    NotAuthenticated,
    NotFound,
    TooManyGuesses,
)
from davserver.live.house import House

PASSWORD = "correct horse"
HOME = "127.0.0.1"


class Counting(Passwords):
    """Fast hashes, and how many were checked."""

    def __init__(self):
        super().__init__(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.checked = 0

    def verify(self, stored, password):
        self.checked += 1
        return super().verify(stored, password)


class Scene:
    """A house with one account, and time that stands still."""

    def __init__(self, path):
        self.now_s = 1_700_000_000.0
        self.url = f"sqlite:///{path}/catalog.db"
        self.house = self.open()
        self.passwords = Counting()
        self.used = []
        managing.add_account(self.house, self.passwords, "ann", PASSWORD)
        self.roster = Roster(self.house)
        self.authenticator = self.make()

    def open(self):
        return House(open_catalog(self.url), MemoryStore(clock=lambda: 0.0), clock=lambda: self.now_s)

    def make(self, **options):
        tokens = TokenBackend(
            self.roster,
            clock=lambda: self.now_s,
            note_use=lambda token_id, now_ns: self.used.append((token_id, now_ns)),
        )
        passwords = PasswordBackend(
            [AccountBook(self.roster, self.passwords)],
            Throttle(lambda: self.now_s),
            monotonic=lambda: self.now_s,
            random_bytes=os.urandom,
        )
        return Chain([tokens, passwords], **options)

    def basic(self, name, password, address=HOME, *, is_tls=False):
        header = "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
        return self.authenticator.authenticate(Caller(header, address, is_tls))

    def bearer(self, token):
        return self.authenticator.authenticate(Caller(f"Bearer {token}", HOME, is_tls=False))


@pytest.fixture
def scene(tmp_path):
    scene = Scene(tmp_path)
    yield scene
    scene.house.close()


def test_a_password_opens_its_account_only(scene):
    assert scene.basic("ann", PASSWORD) == Principal("ann")
    for name, password in [("ann", "correct horsf"), ("bob", PASSWORD), ("", PASSWORD), ("ann", ""), ("Ann", PASSWORD)]:
        with pytest.raises(NotAuthenticated):
            scene.basic(name, password)


def test_nothing_said_is_a_stranger(scene):
    assert scene.authenticator.authenticate(Caller(None, "192.0.2.1", is_tls=False)) is ANONYMOUS


def test_a_verified_password_is_not_hashed_again_for_a_while(scene):
    for _ in range(5):
        scene.basic("ann", PASSWORD)
    assert scene.passwords.checked == 1
    managing.add_account(scene.house, Passwords(), "bob", PASSWORD)  # some other change of accounts
    scene.basic("ann", PASSWORD)
    assert scene.passwords.checked == 1
    scene.now_s += VERIFIED_S
    scene.basic("ann", PASSWORD)
    assert scene.passwords.checked == 2


def test_many_connections_at_once_cost_one_check(scene):
    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(lambda _: scene.basic("ann", PASSWORD), range(64)))
    assert set(found) == {Principal("ann")}
    assert scene.passwords.checked == 1


def test_checks_that_would_wait_too_long_are_refused_at_once(scene):
    passwords = scene.passwords
    for _ in range(QUEUE):
        passwords._queue.acquire()
    with pytest.raises(TooManyGuesses):
        scene.basic("ann", PASSWORD)
    passwords._queue.release()
    assert scene.basic("ann", PASSWORD) == Principal("ann")


def test_another_process_changes_the_password_and_the_old_one_ends_at_once(scene):
    scene.basic("ann", PASSWORD)
    other = scene.open()
    managing.change_password(other, scene.passwords, "ann", "another horse")
    other.close()
    with pytest.raises(NotAuthenticated):
        scene.basic("ann", PASSWORD)
    assert scene.basic("ann", "another horse") == Principal("ann")


def test_a_removed_account_ends_at_once_and_its_name_inherits_nothing(scene):
    scene.house.edit(lambda edit: edit.create_collection("c"))
    managing.grant(scene.house, "c", "ann", Right.MANAGE)
    _, token = managing.add_token(scene.house, "ann", may_write=True, days=None)
    scene.basic("ann", PASSWORD)
    assert scene.bearer(token) == Principal("ann")
    managing.remove_account(scene.house, "ann")
    with pytest.raises(NotAuthenticated):
        scene.basic("ann", PASSWORD)
    managing.add_account(scene.house, scene.passwords, "ann", PASSWORD)
    with pytest.raises(NotAuthenticated):
        scene.bearer(token)
    assert scene.roster.held(Principal("ann")).is_empty


@pytest.mark.parametrize("may_write", [True, False])
def test_a_token_is_a_bearer_and_a_password_of_any_name(scene, may_write):
    row, token = managing.add_token(scene.house, "ann", may_write=may_write, days=None)
    wanted = Principal("ann", may_write=may_write)
    assert scene.bearer(token) == wanted
    assert scene.basic("whoever", token) == wanted
    assert scene.passwords.checked == 0
    assert [token_id for token_id, _ in scene.used] == [row.id]


def test_a_revoked_or_expired_token_ends_at_once(scene):
    row, token = managing.add_token(scene.house, "ann", may_write=True, days=None)
    _, short = managing.add_token(scene.house, "ann", may_write=True, days=2)
    scene.bearer(token)
    managing.revoke_token(scene.house, row.id)
    with pytest.raises(NotAuthenticated):
        scene.bearer(token)
    scene.now_s += 2 * 86_400 - 1
    scene.bearer(short)
    scene.now_s += 1
    with pytest.raises(NotAuthenticated):
        scene.bearer(short)
    with pytest.raises(NotFound):
        managing.revoke_token(scene.house, row.id)


def test_guesses_are_told_to_wait_and_who_is_in_stays_in(scene):
    scene.basic("ann", PASSWORD)
    for _ in range(FREE_PER_ACCOUNT):
        with pytest.raises(NotAuthenticated):
            scene.basic("ann", "wrong")
    checked = scene.passwords.checked
    with pytest.raises(TooManyGuesses) as refused:
        scene.basic("ann", "wrong")
    assert refused.value.retry_after_s == 1
    assert scene.passwords.checked == checked
    assert scene.basic("ann", PASSWORD) == Principal("ann")
    scene.now_s += 1
    with pytest.raises(NotAuthenticated):
        scene.basic("ann", "wrong")


def test_a_client_that_says_an_old_password_for_days_keeps_nobody_out(scene):
    """A mount on a laptop that was not told of the new password, behind the address of a whole house."""
    home = "192.0.2.7"
    managing.add_account(scene.house, scene.passwords, "ben", PASSWORD)
    scene.basic("ann", PASSWORD, home, is_tls=True)
    managing.change_password(scene.house, scene.passwords, "ann", "another horse")
    for minute in range(4 * FREE_PER_ADDRESS):
        for _ in range(3):
            with pytest.raises((NotAuthenticated, TooManyGuesses)):
                scene.basic("ann", PASSWORD, home, is_tls=True)
        assert scene.passwords.checked <= 2 + 3 * (minute + 1), "each minute costs a check, and not each request"
        scene.now_s += VERIFIED_S + 1
        assert scene.basic("ann", "another horse", home, is_tls=True) == Principal("ann")
        assert scene.basic("ben", PASSWORD, home, is_tls=True) == Principal("ben")


def test_what_was_wrong_is_right_as_soon_as_it_is_the_password(scene):
    for _ in range(2):
        with pytest.raises(NotAuthenticated):
            scene.basic("ann", "another horse")
    managing.change_password(scene.house, scene.passwords, "ann", "another horse")
    assert scene.basic("ann", "another horse") == Principal("ann")


def test_what_was_wrong_costs_no_check_when_it_is_said_again_and_is_slowed_down_too(scene):
    for _ in range(FREE_PER_ACCOUNT):
        with pytest.raises(NotAuthenticated):
            scene.basic("nobody", "wrong")
    with pytest.raises(TooManyGuesses):
        scene.basic("nobody", "wrong")
    assert scene.passwords.checked == 1


def test_other_guesses_wait_as_before(scene):
    for number in range(FREE_PER_ACCOUNT):
        with pytest.raises(NotAuthenticated):
            scene.basic("ann", f"guess {number}")
    for password in ("guess again", PASSWORD):
        with pytest.raises(TooManyGuesses):
            scene.basic("ann", password)


@pytest.mark.parametrize("header", ["Bearer x", "Basic YW5uOng="])
def test_credentials_in_the_clear_are_refused_without_a_look(scene, header):
    caller = Caller(header, "192.0.2.1", is_tls=False)
    with pytest.raises(InsecureChannel, match="TLS"):
        scene.authenticator.authenticate(caller)
    assert scene.passwords.checked == 0
    assert scene.basic("ann", PASSWORD, "192.0.2.1", is_tls=True) == Principal("ann")
    scene.authenticator = scene.make(allow_insecure=True)
    assert scene.basic("ann", PASSWORD, "192.0.2.1") == Principal("ann")


def test_no_secret_is_stored_or_logged(scene, caplog, capfd, tmp_path):
    caplog.set_level(logging.DEBUG)
    _, token = managing.add_token(scene.house, "ann", may_write=True, days=None)
    scene.bearer(token)
    for name, password in [("ann", "wrong password"), (PASSWORD, "x")]:
        with pytest.raises(NotAuthenticated):
            scene.basic(name, password)
    written = caplog.text + "".join(capfd.readouterr())
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("catalog.db*"))
    for secret in (PASSWORD, token, "wrong password"):
        assert secret not in written
        assert secret.encode() not in stored
    assert digest_of(token).encode() in stored


def test_a_look_without_a_change_costs_no_query(scene, monkeypatch):
    scene.basic("ann", PASSWORD)
    scene.roster.has_accounts()
    scene.roster.held(Principal("ann"))
    monkeypatch.setattr(scene.house, "read_catalog", None)
    scene.basic("ann", PASSWORD)
    assert scene.roster.has_accounts()
    assert scene.roster.held(Principal("ann")).is_empty


def test_the_first_account_closes_the_door_and_the_last_one_opens_it_only_at_home(scene):
    stranger = Caller(None, HOME, is_tls=False)

    def house_of(door):
        return type(door.enter(stranger).house)

    at_home = Door(scene.house, scene.roster, scene.authenticator, open_without_accounts=True)
    outside = Door(scene.house, scene.roster, scene.authenticator, open_without_accounts=False)
    assert (house_of(at_home), house_of(outside)) == (GuardedHouse, GuardedHouse)
    managing.remove_account(scene.house, "ann")
    assert (house_of(at_home), house_of(outside)) == (House, GuardedHouse)
    managing.add_account(scene.house, scene.passwords, "bob", PASSWORD)
    assert (house_of(at_home), house_of(outside)) == (GuardedHouse, GuardedHouse)


def test_a_token_looks_like_one(scene):
    _, token = managing.add_token(scene.house, "ann", may_write=True, days=None)
    assert looks_like_token(token)
    assert re.fullmatch(r"dav_[A-Za-z0-9_-]{43}", token)
    assert not looks_like_token(token[:-1])


@pytest.mark.parametrize("name", ["", "anonymous", "a b", "a:b", "a/b", "-x", "x" * 65, "(token)", "a\\b"])
def test_names_that_clients_could_not_send_or_that_mean_something_else_are_refused(scene, name):
    with pytest.raises(InvalidName):
        managing.add_account(scene.house, scene.passwords, name, PASSWORD)


def test_what_makes_no_sense_is_refused(scene):
    scene.house.edit(lambda edit: edit.create_collection("c"))
    with pytest.raises(Exists):
        managing.add_account(scene.house, scene.passwords, "ann", PASSWORD)
    for password in ("", "1234567", "x" * 1025):
        with pytest.raises(Invalid):
            managing.add_account(scene.house, scene.passwords, "bob", password)
    with pytest.raises(Invalid):
        managing.grant(scene.house, "c", "anonymous", Right.WRITE)
    for collection, name in [("c", "bob"), ("missing", "ann")]:
        with pytest.raises(NotFound):
            managing.grant(scene.house, collection, name, Right.READ)
    with pytest.raises(NotFound):
        managing.add_token(scene.house, "bob", may_write=True, days=None)
