"""Each way to know somebody: the suite of all, and what is particular to one."""

from __future__ import annotations

import base64
import hmac
import os
import time
from concurrent.futures import ThreadPoolExecutor

import bcrypt
import jwt
import pytest
from argon2 import PasswordHasher
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from davserver.access import jwks, managing
from davserver.access.accounts import AccountBook
from davserver.access.backend import Chain
from davserver.access.credentials import Basic
from davserver.access.htpasswd import Htpasswd, parse
from davserver.access.jwks import KEEP_S, PAUSE_S, IssuerKeys
from davserver.access.oidc import LEEWAY_S, Expected, OidcBackend
from davserver.access.passwordbackend import Entry, PasswordBackend
from davserver.access.passwords import Passwords
from davserver.access.principal import Asserted, Caller, Principal
from davserver.access.proxybackend import ProxyBackend
from davserver.access.roster import Roster
from davserver.access.throttle import FREE_PER_ACCOUNT, Throttle
from davserver.access.tokenbackend import TokenBackend
from davserver.blocks.memory import MemoryStore
from davserver.catalog.database import open_catalog
from davserver.errors import Invalid, NotAuthenticated, StoreUnavailable, TooManyGuesses
from davserver.live.house import House
from tests.suites.access_backend import HOME, EndsAtOnceSuite, GroupsSuite, Stage, basic
from tests.support.issuer import AUDIENCE, Issuer

FAST = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
PEOPLE = {"ann": "correct horse", "ben": "battery staple"}


def of_books(*books):
    return PasswordBackend(books, Throttle(time.monotonic), monotonic=time.monotonic, random_bytes=os.urandom)


def hashed(password, cost=4):
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


class ByPassword(Stage):
    def caller(self, name):
        return Caller(basic(name, PEOPLE[name]), HOME, is_tls=True)

    def wrong(self, name):
        return [
            Caller(basic(name, password), HOME, is_tls=True) for password in ("wrong password", PEOPLE["ben"] + "x")
        ]

    def secret_of(self, caller):
        return caller.authorization.split()[1]


@pytest.fixture
def house(tmp_path):
    house = House(open_catalog(f"sqlite:///{tmp_path}/catalog.db"), MemoryStore(clock=time.time))
    yield house
    house.close()


class TestAccounts(EndsAtOnceSuite):
    @pytest.fixture
    def stage(self, house):
        class Accounts(ByPassword):
            def __init__(self):
                for name, password in PEOPLE.items():
                    managing.add_account(house, FAST, name, password)
                managing.add_account(house, FAST, "nobody", None)
                self.backend = of_books(AccountBook(Roster(house), FAST))

            def remove(self, name):
                managing.remove_account(house, name)

        return Accounts()


class TestTokens(EndsAtOnceSuite):
    @pytest.fixture
    def stage(self, house):
        class Tokens(Stage):
            def __init__(self):
                for name in PEOPLE:
                    managing.add_account(house, FAST, name, None)
                made = {n: managing.add_token(house, n, may_write=True, days=None) for n in PEOPLE}
                self.tokens = {name: text for name, (_, text) in made.items()}
                self.ids = {name: row.id for name, (row, _) in made.items()}
                self.backend = TokenBackend(Roster(house), clock=time.time, note_use=lambda *_: None)

            def caller(self, name):
                return Caller(f"Bearer {self.tokens[name]}", HOME, is_tls=True)

            def wrong(self, name):
                text = self.tokens.get(name, "dav_" + "y" * 43)
                other = text[:-1] + ("A" if text[-1] != "A" else "B")
                return [Caller(f"Bearer {other}", HOME, is_tls=True), Caller(basic(name, other), HOME, is_tls=True)]

            def secret_of(self, caller):
                return caller.authorization.split()[1]

            def remove(self, name):
                managing.revoke_token(house, self.ids[name])

        return Tokens()


class File(ByPassword):
    def __init__(self, path):
        self.path = path
        self.write(PEOPLE)
        self.book = Htpasswd(path, FAST)
        self.backend = of_books(self.book)

    def write(self, people):
        self.path.write_text("# people\n" + "".join(f"{name}:{hashed(word)}\n" for name, word in people.items()))

    def remove(self, name):
        self.write({other: word for other, word in PEOPLE.items() if other != name})


class TestHtpasswd(EndsAtOnceSuite):
    @pytest.fixture
    def stage(self, tmp_path):
        return File(tmp_path / "htpasswd")

    def test_another_password_is_asked_for_at_once(self, stage):
        stage.backend.identify(None, None)
        chain = Chain([stage.backend])
        chain.authenticate(stage.caller("ann"))
        stage.write(PEOPLE | {"ann": "another horse"})
        with pytest.raises(NotAuthenticated):
            chain.authenticate(stage.caller("ann"))
        assert chain.authenticate(Caller(basic("ann", "another horse"), HOME, is_tls=True)).name == "ann"

    def test_a_file_that_is_gone_lets_nobody_in(self, stage):
        chain = Chain([stage.backend])
        chain.authenticate(stage.caller("ann"))
        stage.path.unlink()
        with pytest.raises(StoreUnavailable, match="cannot be read"):
            chain.authenticate(stage.caller("ann"))

    def test_a_line_that_goes_bad_takes_no_other_with_it(self, stage, caplog):
        stage.path.write_text(stage.path.read_text() + "eve:plain\n")
        chain = Chain([stage.backend])
        assert chain.authenticate(stage.caller("ann")).name == "ann"
        with pytest.raises(NotAuthenticated):
            chain.authenticate(Caller(basic("eve", "plain"), HOME, is_tls=True))

    def test_argon2_is_taken_too(self, stage):
        stage.path.write_text(f"ann:{FAST.hash(PEOPLE['ann'])}\n")
        assert Chain([stage.backend]).authenticate(stage.caller("ann")).name == "ann"

    @pytest.mark.parametrize("long", ["x" * 72, "x" * 500, "\u00e9" * 60])
    def test_a_long_password_is_cut_where_bcrypt_cuts_it(self, stage, long):
        stage.path.write_text(f"ann:{bcrypt.hashpw(long.encode()[:72], bcrypt.gensalt(4)).decode()}\n")
        assert Chain([stage.backend]).authenticate(Caller(basic("ann", long), HOME, is_tls=True)).name == "ann"

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("ann:$apr1$abc$def", "neither bcrypt nor argon2"),
            ("ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=", "neither bcrypt nor argon2"),
            ("ann:rl.3StKT.4T8M", "neither bcrypt nor argon2"),
            ("ann:plain", "neither bcrypt nor argon2"),
            ("ann:$2y$20$" + "a" * 53, "cost 20"),
            ("ann", "no name, colon and hash"),
            ("@staff:$2y$05$" + "a" * 53, "name that no account"),
            ("anonymous:$2y$05$" + "a" * 53, "name that no account"),
        ],
    )
    def test_hashes_that_are_guessed_fast_are_refused_with_the_line(self, tmp_path, line, reason):
        path = tmp_path / "htpasswd"
        path.write_text(f"\n{line}\n")
        with pytest.raises(Invalid, match=reason) as refused:
            Htpasswd(path, FAST)
        assert "line 2" in refused.value.message
        assert "htpasswd -B" in refused.value.hint
        secret = line.partition(":")[2]
        assert not secret or secret not in refused.value.message

    def test_what_apache_writes_is_read(self):
        hashes, problems = parse("ann:$2y$05$abcdefghijklmnopqrstuu5LS3lsQ5p0G8c3mP3VjP0w9rN5r0b1a\r\n")
        assert (list(hashes), problems) == (["ann"], [])


class TestProxy(GroupsSuite):
    @pytest.fixture
    def stage(self):
        class Proxy(Stage):
            knows_groups = True

            def __init__(self):
                self.backend = ProxyBackend()
                self.groups = {"ann": ("staff", "@odd", "")}

            def caller(self, name):
                return Caller(None, "192.0.2.1", is_tls=False, asserted=Asserted(name, self.groups.get(name, ())))

            def wrong(self, name):
                return [Caller(basic(name, "x"), HOME, is_tls=True)]

            def secret_of(self, caller):
                return caller.authorization.split()[1] if caller.authorization else ""

            def leave(self, name):
                self.groups = {}

        return Proxy()

    def test_what_the_client_sent_to_the_proxy_is_not_looked_at(self, stage):
        caller = stage.caller("ann")._replace(authorization=basic("ben", "x"))
        assert Chain([stage.backend]).authenticate(caller).name == "ann"


@pytest.fixture(scope="module")
def issuer():
    issuer = Issuer()
    yield issuer
    issuer.close()


class Signed(Stage):
    knows_groups = True

    def __init__(self, issuer):
        issuer.rotate("one")
        issuer.is_down = False
        self.now_s = 1000.0
        self.issuer = issuer
        self.groups = {"ann": ["staff", 7, "@odd"]}
        self.backend = self.of(issuer.url)

    def of(self, url):
        expected = Expected(url, AUDIENCE, "preferred_username", "groups")
        return OidcBackend(expected, IssuerKeys(url, monotonic=lambda: self.now_s))

    def caller(self, name):
        return self.bearer(self.issuer.token(name, groups=self.groups.get(name)))

    def bearer(self, token):
        return Caller(f"Bearer {token}", HOME, is_tls=True)

    def wrong(self, name):
        key = generate_private_key(SECP256R1())
        return [self.bearer(self.issuer.token(name, key=key))]

    def secret_of(self, caller):
        return caller.authorization.split()[1]

    def leave(self, name):
        self.groups = {}


class TestOidc(GroupsSuite):
    @pytest.fixture
    def stage(self, issuer):
        return Signed(issuer)

    @pytest.mark.parametrize(
        "claims",
        [
            {"iss": "https://elsewhere.example"},
            {"iss": None},
            {"aud": "another"},
            {"aud": None},
            {"exp": time.time() - LEEWAY_S - 5},
            {"exp": None},
            {"nbf": time.time() + 3600},
            {"preferred_username": None},
            {"preferred_username": "anonymous"},
            {"preferred_username": "@staff"},
            {"preferred_username": ["ann"]},
            {"preferred_username": "ann\nben"},
        ],
        ids=lambda claims: next(iter(claims)),
    )
    def test_a_token_that_says_something_else_is_refused(self, stage, claims):
        chain = Chain([stage.backend])
        with pytest.raises(NotAuthenticated):
            chain.authenticate(stage.bearer(stage.issuer.token("ann", **claims)))

    def test_clocks_may_differ_a_little(self, stage):
        token = stage.issuer.token("ann", exp=time.time() - LEEWAY_S / 2, nbf=time.time() + LEEWAY_S / 2)
        assert Chain([stage.backend]).authenticate(stage.bearer(token)).name == "ann"

    def test_one_of_several_audiences_will_do(self, stage):
        token = stage.issuer.token("ann", aud=["other", AUDIENCE])
        assert Chain([stage.backend]).authenticate(stage.bearer(token)) == Principal("ann")

    def test_the_algorithm_is_ours_to_choose(self, stage):
        claims = {"iss": stage.issuer.url, "aud": AUDIENCE, "exp": time.time() + 60, "preferred_username": "ann"}
        public = next(iter(stage.issuer.keys.values())).public_key()
        der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        unsigned = jwt.encode(claims, None, algorithm="none", headers={"kid": "one"})
        head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"one"}').rstrip(b"=")
        signed = head + b"." + unsigned.split(".")[1].encode()
        digest = base64.urlsafe_b64encode(hmac.digest(der, signed, "sha256")).rstrip(b"=")
        for token in (unsigned, unsigned + "x", f"{signed.decode()}.{digest.decode()}"):
            with pytest.raises(NotAuthenticated):
                Chain([stage.backend]).authenticate(stage.bearer(token))

    def test_a_new_key_is_fetched_when_it_is_met_and_the_old_one_ends(self, stage):
        chain = Chain([stage.backend])
        old = stage.caller("ann")
        chain.authenticate(old)
        stage.issuer.rotate("two")
        stage.now_s += PAUSE_S
        assert chain.authenticate(stage.caller("ann")).name == "ann"
        with pytest.raises(NotAuthenticated):
            chain.authenticate(old)

    def test_a_withdrawn_key_ends_when_the_keys_are_read_anew(self, stage):
        chain = Chain([stage.backend])
        old = stage.caller("ann")
        chain.authenticate(old)
        stage.issuer.rotate("two")
        stage.now_s += KEEP_S + 1
        with pytest.raises(NotAuthenticated):
            chain.authenticate(old)

    def test_made_up_names_of_keys_do_not_trouble_the_issuer(self, stage):
        chain = Chain([stage.backend])
        chain.authenticate(stage.caller("ann"))
        stage.now_s += PAUSE_S
        fetched = stage.issuer.fetched
        for number in range(20):
            with pytest.raises(NotAuthenticated):
                chain.authenticate(stage.bearer(stage.issuer.token("ann", headers={"kid": f"made-up-{number}"})))
        assert stage.issuer.fetched == fetched + 1

    def test_known_keys_serve_while_the_issuer_is_down(self, stage):
        chain = Chain([stage.backend])
        chain.authenticate(stage.caller("ann"))
        stage.issuer.is_down = True
        stage.now_s += KEEP_S + 1
        assert chain.authenticate(stage.caller("ann")).name == "ann"
        late = Chain([stage.of(stage.issuer.url)])
        with pytest.raises(StoreUnavailable):
            late.authenticate(stage.caller("ann"))

    def test_an_issuer_that_does_not_answer_holds_nobody_whose_key_is_known(self, stage, monkeypatch):
        monkeypatch.setattr(jwks, "TIMEOUT_S", 300)  # it is this test that ends the wait
        chain, caller = Chain([stage.backend]), stage.caller("ann")
        chain.authenticate(caller)
        stage.now_s += KEEP_S + 1
        stage.issuer.asked.clear()
        stage.issuer.may_answer.clear()
        with ThreadPoolExecutor(2) as threads:
            try:
                fetching = threads.submit(chain.authenticate, caller)
                assert stage.issuer.asked.wait(30)
                assert threads.submit(chain.authenticate, caller).result(30).name == "ann"
                assert not fetching.done()
            finally:
                stage.issuer.may_answer.set()

    @pytest.mark.parametrize("url", ["http://login.example.org", "ftp://127.0.0.1/", "login.example.org"])
    def test_keys_are_fetched_where_nobody_can_swap_them(self, url):
        with pytest.raises(Invalid, match="https"):
            IssuerKeys(url, monotonic=time.monotonic)


class TestChain:
    @pytest.fixture
    def books(self, house, tmp_path):
        managing.add_account(house, FAST, "ann", "the password of the account")
        managing.add_account(house, FAST, "ben", None)
        return [AccountBook(Roster(house), FAST), File(tmp_path / "htpasswd").book]

    def test_the_first_book_that_knows_a_name_decides(self, books):
        chain = Chain([of_books(*books)])
        with pytest.raises(NotAuthenticated):
            chain.authenticate(Caller(basic("ann", PEOPLE["ann"]), HOME, is_tls=True))
        for name, password in (("ann", "the password of the account"), ("ben", PEOPLE["ben"])):
            assert chain.authenticate(Caller(basic(name, password), HOME, is_tls=True)).name == name

    def test_a_refusal_takes_a_check_by_each_book_whoever_is_known(self, books, monkeypatch):
        checked = []
        for book in books:
            real = book.check
            monkeypatch.setattr(
                book, "check", lambda entry, word, book=book, real=real: checked.append(book) or real(entry, word)
            )
        backend = of_books(*books)
        for name in ("ann", "ben", "nobody"):
            checked.clear()
            with pytest.raises(NotAuthenticated):
                Chain([backend]).authenticate(Caller(basic(name, "wrong"), HOME, is_tls=True))
            assert sorted(map(id, checked)) == sorted(map(id, books))

    def test_guesses_wait_whichever_book_knows_the_name(self, books):
        chain = Chain([of_books(*books)])
        for number in range(FREE_PER_ACCOUNT):
            with pytest.raises(NotAuthenticated):
                chain.authenticate(Caller(basic("ben", f"wrong {number}"), HOME, is_tls=True))
        with pytest.raises(TooManyGuesses):
            chain.authenticate(Caller(basic("ben", PEOPLE["ben"]), HOME, is_tls=True))


class _AnyCase:
    """A book that takes a name in any case, as directories do."""

    def find(self, name):
        return Entry(name.lower(), "hash")

    def check(self, _entry, password):
        return password == PEOPLE["ann"]


def test_guesses_at_one_account_count_together_however_its_name_is_written():
    backend = of_books(_AnyCase())
    spellings = ["ann", "Ann", "ANN", "aNn", "AnN", "anN"]
    assert len(spellings) > FREE_PER_ACCOUNT

    def say(name, password):
        return backend.identify(Caller(None, f"192.0.2.{len(password)}", is_tls=True), Basic(name, password))

    for number, name in enumerate(spellings[:FREE_PER_ACCOUNT]):
        with pytest.raises(NotAuthenticated):
            say(name, "x" * (number + 1))
    with pytest.raises(TooManyGuesses):
        say(spellings[FREE_PER_ACCOUNT], PEOPLE["ann"])
