"""Is a Digest log-in read as RFC 7616 has it, and nothing else taken for one?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisiond.inventory.digest import Algorithm, challenge, phone_password, read_answer
from provisiond.inventory.secret import Secret

# RFC 7616 section 3.9.1.
MUFASA = (
    'username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", '
    'algorithm={}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, '
    'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="{}", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
SHA_256 = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
MD5 = "8ca523f5e9506fed4657c9700eebdbec"


@pytest.mark.parametrize(("name", "response"), [("SHA-256", SHA_256), ("MD5", MD5)])
def test_the_example_of_the_rfc_is_right(name: str, response: str) -> None:
    answer = read_answer(MUFASA.format(name, response))
    assert answer is not None
    assert (answer.user, answer.uri, answer.count) == ("Mufasa", "/dir/index.html", 1)
    assert answer.is_of("GET", Secret("Circle of Life"))
    assert not answer.is_of("HEAD", Secret("Circle of Life"))
    assert not answer.is_of("GET", Secret("Circle of life"))


def test_md5_is_meant_where_no_algorithm_stands() -> None:
    answer = read_answer(MUFASA.format("MD5", MD5).replace("algorithm=MD5, ", ""))
    assert answer is not None
    assert answer.algorithm is Algorithm.MD5


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("qop=auth", "qop=auth-int"),
        ("qop=auth, ", ""),
        ("nc=00000001", "nc=1"),
        ("nc=00000001", "nc=0000000g"),
        ("algorithm=SHA-256", "algorithm=SHA-512-256"),
        ("algorithm=SHA-256", "algorithm=SHA-256-sess"),
        ('username="Mufasa"', 'username="Mufasa", username="Scar"'),
        ('username="Mufasa"', "username*=UTF-8''Mufasa"),
        ('username="Mufasa"', 'username="Mufasa", userhash=true'),
        ('uri="/dir/index.html"', 'uri="/dir/index.html'),
        ('username="Mufasa", ', ""),
        ('realm="http-auth@example.org"', 'realm=""'),
    ],
)
def test_what_is_not_offered_or_not_whole_is_no_answer(old: str, new: str) -> None:
    text = MUFASA.format("SHA-256", SHA_256)
    assert old in text
    assert read_answer(text.replace(old, new)) is None


def test_quoted_signs_are_taken_back() -> None:
    answer = read_answer(MUFASA.format("MD5", MD5).replace("Mufasa", 'a\\"b\\\\c, d=e'))
    assert answer is not None
    assert answer.user == 'a"b\\c, d=e'


@given(st.text(max_size=300) | st.text(alphabet='a=",\\ nc01', max_size=300))
def test_whatever_is_sent_nothing_is_raised(text: str) -> None:
    read_answer(text)
    read_answer(MUFASA.format("MD5", MD5) + text)


def test_a_long_header_is_read_in_a_moment() -> None:
    assert read_answer('a="' + "\\" * 8000) is None
    assert read_answer("a=" * 4000) is None


def test_a_challenge_says_what_is_wanted() -> None:
    assert challenge(Algorithm.SHA_256, "abc") == (
        'Digest realm="provisiond", qop="auth", algorithm=SHA-256, nonce="abc"'
    )
    assert challenge(Algorithm.MD5, "abc", stale=True).endswith(", stale=true")


def test_a_password_comes_from_key_and_token_in_either_case() -> None:
    first = phone_password(b"k", Secret("abc"))
    assert first == phone_password(b"k", Secret("ABC"))
    assert len(first.reveal()) == 20
    assert first != phone_password(b"k", Secret("abd"))
    assert first != phone_password(b"l", Secret("abc"))
