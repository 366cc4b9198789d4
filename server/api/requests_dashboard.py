"""The bodies of the dashboard's own door: signing in and out, and setting an account up.

Passwords and codes are read here and nowhere shown; a mistake in one is named by its path alone.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field, model_validator

from server.policy.operators import LONGEST_PASSWORD
from server.wire import Body

OperatorName: TypeAlias = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{1,31}$", examples=["ines"], description="of an account; in small letters")
]
Password: TypeAlias = Annotated[str, Field(min_length=1, max_length=LONGEST_PASSWORD)]
Code: TypeAlias = Annotated[str, Field(pattern=r"^[0-9]{6}$", description="as the authenticator shows it")]
Token: TypeAlias = Annotated[str, Field(pattern=r"^[!-~]{1,512}$")]


class SignInBody(Body):
    """An account with both its factors, or an API key."""

    name: OperatorName | None = None
    password: Password | None = None
    code: Code | None = None
    key: Token | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> SignInBody:
        account = (self.name, self.password, self.code)
        if self.key is not None and account != (None, None, None):
            raise ValueError("give a name, a password and a code, or a key, not both")
        if self.key is None and None in account:
            raise ValueError("give a name, a password and a code; or a key")
        return self


class SignOutBody(Body):
    everywhere: bool = Field(False, description="in every browser")


class SetupBody(Body):
    setup: Token = Field(description="what the link holds behind #s=")


class ConfirmBody(SetupBody):
    password: Password
    code: Code
