"""A mail server, and a postman who brings the register's messages to it."""

from collections.abc import Iterator

import pytest

from tests.notifications.post_office import Postman, PostOffice
from tests.world import World


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with PostOffice() as office:
        yield office


@pytest.fixture
def postman(world: World, office: PostOffice) -> Postman:
    return Postman(world, office.port)
