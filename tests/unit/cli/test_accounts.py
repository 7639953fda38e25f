"""``user``, ``token`` and ``grant``: what they print, what they refuse, and where secrets come from and go."""

import io
import json
import subprocess
import sys

import pytest

from davserver.cli.main import run


@pytest.fixture
def davserver(tmp_path, capfd, monkeypatch):
    """Run a command on a data directory, with standard input; returns (status, output, errors)."""

    def davserver(*arguments, stdin=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        status = run([*arguments, "--data", str(tmp_path / "data")])
        done = capfd.readouterr()
        return status, done.out, done.err

    return davserver


@pytest.fixture
def ann(davserver):
    assert davserver("user", "add", "ann", "--password-stdin", stdin="correct horse\n") == (0, "", "")
    return davserver


def test_accounts_are_made_listed_and_removed(ann):
    status, out, _ = ann("user", "list", "--json")
    (account,) = json.loads(out)
    assert (status, account["name"], sorted(account)) == (0, "ann", ["created", "name", "quota_bytes", "used_bytes"])
    assert ann("user", "list")[1].splitlines()[0].split() == ["NAME", "CREATED", "BYTES", "QUOTA"]
    assert ann("user", "passwd", "ann", "--password-stdin", stdin="another horse\n") == (0, "", "")
    assert ann("user", "remove", "ann") == (0, "", "")
    assert json.loads(ann("user", "list", "--json")[1]) == []


def test_an_account_has_the_limit_it_is_given_and_its_collections_count(ann):
    def shown(*arguments):
        return json.loads(ann(*arguments, "--json")[1])

    assert ann("user", "quota", "ann", "10KiB") == (0, "", "")
    assert [(each["quota_bytes"], each["used_bytes"]) for each in shown("user", "list")] == [(10240, 0)]
    assert ann("user", "list")[1].split()[-2:] == ["0", "10240"]
    assert ann("collection", "create", "c")[0] == 0
    assert shown("collection", "show", "c")["owner"] is None
    assert ann("collection", "owner", "c", "ann") == (0, "", "")
    assert [each["owner"] for each in shown("collection", "list")] == ["ann"]
    assert "owner: ann" in ann("collection", "show", "c")[1].splitlines()
    assert ann("collection", "owner", "c", "none") == (0, "", "")
    assert shown("collection", "show", "c")["owner"] is None
    assert ann("user", "quota", "ann", "none") == (0, "", "")
    assert shown("user", "list")[0]["quota_bytes"] is None


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("user", "quota", "ann", "many"), 2),
        (("user", "quota", "ann", "-1"), 2),
        (("user", "quota", "ben", "1"), 1),
        (("collection", "owner", "c", "ben"), 1),
        (("collection", "owner", "d", "ann"), 1),
    ],
)
def test_limits_and_owners_that_make_no_sense_are_refused(ann, arguments, status):
    assert ann("collection", "create", "c")[0] == 0
    assert ann(*arguments)[0] == status


def test_the_collections_of_a_removed_account_are_nobodys(ann):
    assert ann("collection", "create", "c")[0] == 0
    assert ann("collection", "owner", "c", "ann")[0] == 0
    assert ann("user", "remove", "ann")[0] == 0
    assert json.loads(ann("collection", "show", "c", "--json")[1])["owner"] is None


def test_the_first_account_is_told_what_nobody_may_see(davserver):
    assert davserver("collection", "create", "photos")[0] == 0
    status, out, err = davserver("user", "add", "ann", "--password-stdin", stdin="correct horse\n")
    assert (status, out) == (0, "")
    assert "davserver grant photos ann manage" in err


def test_a_token_is_the_last_line_and_never_shown_again(ann):
    status, out, err = ann("token", "create", "ann", "--scope", "read", "--expires", "30")
    token = out.splitlines()[-1]
    assert (status, out) == (0, token + "\n")
    assert token.startswith("dav_")
    assert token not in err
    (listed,) = json.loads(ann("token", "list", "--json")[1])
    assert (listed["account"], listed["scope"], listed["used"]) == ("ann", "read", None)
    assert listed["expires"] > listed["created"]
    for arguments in [("token", "list"), ("token", "list", "ann", "--json")]:
        _, shown, _ = ann(*arguments)
        assert listed["id"] in shown
        assert token not in shown
    assert ann("token", "revoke", listed["id"]) == (0, "", "")
    assert json.loads(ann("token", "list", "--json")[1]) == []


def test_grants(ann):
    ann("collection", "create", "photos")
    for who, right in [("ann", "read"), ("ann", "manage"), ("ann", "none"), ("anonymous", "read")]:
        assert ann("grant", "photos", who, right) == (0, "", "")
    assert json.loads(ann("collection", "show", "photos", "--json")[1])["grants"] == {"anonymous": "read"}
    assert ann("grant", "photos", "ann", "write") == (0, "", "")
    assert "grants: ann write, anonymous read\n" in ann("collection", "show", "photos")[1]


def test_grants_on_a_path_and_to_groups_are_listed(ann):
    ann("collection", "create", "photos")
    assert ann("group", "add", "friends") == (0, "", "")
    assert ann("group", "join", "friends", "ann") == (0, "", "")
    (group,) = json.loads(ann("group", "list", "--json")[1])
    assert (group["name"], group["members"]) == ("friends", ["ann"])
    status, out, err = ann("grant", "photos", "@friends", "read", "--path", "2026/may/")
    assert (status, out) == (0, "")
    assert "nothing is at '2026/may' yet" in err
    assert ann("grant", "photos/2026", "ann", "write")[0] == 0
    assert ann("grant", "photos", "anonymous", "read") == (0, "", "")
    listed = json.loads(ann("grant", "list", "--json")[1])
    assert [tuple(each.values()) for each in listed] == [
        ("photos", "", "anonymous", "read"),
        ("photos", "2026", "ann", "write"),
        ("photos", "2026/may", "@friends", "read"),
    ]
    assert ann("grant", "list", "photos")[1].splitlines()[1].split() == ["photos", "anonymous", "read"]
    shown = ann("collection", "show", "photos")[1]
    assert "grants below: 2026: ann write, 2026/may: @friends read\n" in shown
    assert ann("grant", "photos/2026", "ann", "none") == (0, "", "")
    assert ann("group", "leave", "friends", "ann") == (0, "", "")
    assert ann("group", "remove", "friends") == (0, "", "")
    assert [each["to"] for each in json.loads(ann("grant", "list", "--json")[1])] == ["anonymous"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("grant", "photos", "@nobody", "read"),
        ("grant", "photos", "ann", "manage", "--path", "a"),
        ("grant", "photos", "ann", "read", "--path", "../a"),
        ("grant", "photos/a//b", "ann", "read"),
        ("grant", "list", "missing"),
        ("grant", "photos", "ann"),
        ("group", "add", "@x"),
        ("group", "join", "nobody", "ann"),
        ("group", "remove", "nobody"),
        ("user", "add", "ann", "--password-stdin"),
        ("user", "add", "anonymous", "--password-stdin"),
        ("user", "add", "a b", "--password-stdin"),
        ("user", "passwd", "bob", "--password-stdin"),
        ("user", "remove", "bob"),
        ("token", "create", "bob"),
        ("token", "create", "ann", "--expires", "0"),
        ("token", "create", "ann", "--expires", "nan"),
        ("token", "create", "ann", "--expires", "1e300"),
        ("link", "create", "photos", "--expires", "nan"),
        ("audit", "--days", "inf"),
        ("audit", "--days", "nan"),
        ("token", "create", "ann", "--scope", "all"),
        ("token", "revoke", "0000000000"),
        ("token", "list", "bob"),
        ("grant", "photos", "ann", "write", "--path", ""),
        ("grant", "missing", "ann", "read"),
        ("grant", "photos", "bob", "read"),
        ("grant", "photos", "anonymous", "write"),
        ("grant", "photos", "ann", "own"),
    ],
)
def test_what_makes_no_sense_is_a_line_and_a_status(ann, arguments):
    ann("collection", "create", "photos")
    status, out, err = ann(*arguments, stdin="correct horse\n")
    assert status != 0
    assert out == ""
    assert err.strip()
    assert "Traceback" not in err
    assert "internal error" not in err


def test_nobody_is_asked_for_the_password_of_a_name_that_is_taken_or_where_there_is_nobody_to_ask(ann, tmp_path):
    def alone(*arguments):
        command = [sys.executable, "-m", "davserver", *arguments, "--data", str(tmp_path / "data")]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True, check=False
        )
        assert done.stdout == ""
        return done.returncode, done.stderr

    for arguments, status, told in [
        (("user", "add", "ann"), 1, "'ann' exists already"),
        (("user", "add", "a b"), 2, "invalid name 'a b'"),
        (("user", "passwd", "ben"), 1, "no account 'ben'"),
        (("user", "add", "ben"), 2, "--password-stdin"),
        (("user", "passwd", "ann"), 2, "--password-stdin"),
    ]:
        found, errors = alone(*arguments)
        assert (found, told in errors, "Warning" in errors) == (status, True, False), (arguments, errors)


def test_a_collection_may_be_named_as_in_its_url(ann):
    ann("collection", "create", "photos")
    assert ann("grant", "/photos/", "ann", "write") == (0, "", "")
    assert ann("link", "create", "/photos/")[0] == 0
    assert json.loads(ann("grant", "list", "--json")[1])[0]["path"] == ""


def test_a_kind_of_event_that_is_misspelt_is_told(ann):
    status, out, err = ann("audit", "--action", "users add", "--json")
    assert (status, json.loads(out)) == (0, [])
    assert err == "no event is of this kind; there are: user add\n"
    assert ann("audit", "--action", "user add")[2] == ""


def test_a_short_password_is_refused(davserver):
    status, _, err = davserver("user", "add", "ann", "--password-stdin", stdin="short\n")
    assert status == 2
    assert "8 to 1024" in err
    assert "short" not in err.replace("davserver", "")
