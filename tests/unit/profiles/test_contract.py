from typing import Any

import pytest
from tests.unit.profiles.kinds import BY_MSGSPEC, BY_PYDANTIC, StrictCustomer

from accounts_core.ports.profile_codec import ProfileCodec
from accounts_core.testing.contracts import ProfileCodecContract
from accounts_profiles import profile_type

CODECS = {cls: profile_type(cls).codec for cls in (*BY_MSGSPEC, *BY_PYDANTIC)}


@pytest.mark.parametrize("cls", BY_MSGSPEC, ids=lambda cls: cls.__name__, scope="class")
class TestMsgspec(ProfileCodecContract):
    @pytest.fixture
    def codec(self, cls: Any) -> ProfileCodec[Any]:
        return CODECS[cls]


@pytest.mark.parametrize(
    "cls", [cls for cls in BY_PYDANTIC if cls is not StrictCustomer], ids=lambda cls: cls.__name__, scope="class"
)
class TestPydantic(ProfileCodecContract):
    @pytest.fixture
    def codec(self, cls: Any) -> ProfileCodec[Any]:
        return CODECS[cls]


class TestStrictPydantic(ProfileCodecContract):
    @pytest.fixture
    def codec(self) -> ProfileCodec[Any]:
        return CODECS[StrictCustomer]
