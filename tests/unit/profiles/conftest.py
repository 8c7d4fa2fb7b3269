"""The codecs are imported when a type is declared, and a unit test reads no file: so they are imported before."""

import accounts_profiles.msgspec_codec
import accounts_profiles.pydantic_codec  # noqa: F401  as above
