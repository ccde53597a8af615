"""Publishing: sound, signed, rising, and fetched by hash."""

from hashlib import sha256

import pytest

from agent.errors import DocumentError
from agent.headoffice.delta import page
from agent.headoffice.office import Office
from agent.headoffice.publish import blob, publish
from agent.sync.signing import is_signed_by
from agent.sync.wire import Delta, Pull
from tests.headoffice.till_end import PROGRAMME, TillEnd


def test_a_till_hears_of_the_newest_version_and_can_check_it(office: Office, till: TillEnd) -> None:
    second = PROGRAMME.replace(b"version = 1", b"version = 2", 1)
    publish(office, second, name="household-club.toml")
    answer = page(office, till.name, Pull(till.incarnation, 0))
    assert isinstance(answer, Delta)
    (news,) = answer.programmes
    assert (news.id, news.version) == ("household-club", 2)
    text = blob(office, news.sha256)
    assert text == second
    assert sha256(second).hexdigest() == news.sha256
    key = office.publisher.public_key().public_bytes_raw()
    assert is_signed_by(key, news.sha256.encode(), news.signature)


def test_the_same_text_again_is_no_news(office: Office) -> None:
    assert not publish(office, PROGRAMME, name="household-club.toml").is_new


@pytest.mark.parametrize("version", [b"version = 1", b"version = 0"])
def test_a_version_must_rise(office: Office, version: bytes) -> None:
    changed = PROGRAMME.replace(b"version = 1", version, 1) + b"\n# changed\n"
    with pytest.raises(DocumentError):
        publish(office, changed, name="household-club.toml")


def test_a_broken_programme_never_leaves_the_house(office: Office) -> None:
    broken = PROGRAMME.replace(b"version = 1", b"version = 3", 1).replace(b"earn =", b"eran =", 1)
    with pytest.raises(DocumentError):
        publish(office, broken, name="household-club.toml")


def test_an_unknown_blob_is_none(office: Office) -> None:
    assert blob(office, "0" * 64) is None
