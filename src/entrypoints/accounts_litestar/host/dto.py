"""Litestar's data transfer objects for users and sessions, without their secrets."""

from collections.abc import Collection, Generator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeVar

from litestar.dto import AbstractDTO, DTOField
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.types.serialization import LitestarEncodableType
from litestar.typing import FieldDefinition

from accounts_core import User
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.session import Session

T = TypeVar("T")


class _Shown(AbstractDTO[T], Generic[T]):
    """A DTO of the fields that are named in it. A field that a class gains is not shown until it is added."""

    shown: ClassVar[Mapping[str, Any]]
    """The type of each field, as it is sent."""

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:
        for name, annotation in cls.shown.items():
            yield DTOFieldDefinition.from_field_definition(
                FieldDefinition.from_kwarg(annotation=annotation, name=name),
                model_name=model_type.__name__,
                default_factory=None,
                dto_field=DTOField(mark="read-only"),
            )

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:  # noqa: ARG003  as Litestar calls it
        return False

    @staticmethod
    def attribute_accessor(value: object, name: str) -> Any:
        """Return a field in the type in which it is sent, also of users within a `Response` or a page."""
        found = getattr(value, name)
        return str(found) if isinstance(found, EmailAddress) else found

    def data_to_encodable_type(self, data: T | Collection[T]) -> LitestarEncodableType:
        return None if data is None else super().data_to_encodable_type(data)  # as from `optional_user`


class UserDTO(_Shown[User]):
    """The fields of a user that an application shows: `@get("/me", return_dto=UserDTO)`, on a handler of a `User`.

    For fewer fields it is subclassed with a `config`, as every DTO of Litestar. Profile data is not in it.
    """

    shown = MappingProxyType(
        {
            "id": int,
            "email": str,
            "name": str,
            "locale": str | None,
            "time_zone": str | None,
            "email_verified_at": datetime | None,
            "created_at": datetime,
            "updated_at": datetime,
        }
    )


class SessionDTO(_Shown[Session]):
    """The fields of a session that an application shows: `@get("/session", return_dto=SessionDTO)`."""

    shown = MappingProxyType({"id": str, "created_at": datetime, "last_used_at": datetime, "expires_at": datetime})
