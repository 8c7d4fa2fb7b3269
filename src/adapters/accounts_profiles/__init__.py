"""Profile types of classes: attrs classes, dataclasses, msgspec Structs, TypedDicts and pydantic models.

    accounts = Accounts(..., profile_type=profile_type(Customer))

msgspec validates all but pydantic's classes, which validate themselves; pydantic is imported for these only.
"""

from accounts_profiles.declaring import profile_type

__all__ = ["profile_type"]
