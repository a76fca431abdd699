"""Django's own authentication, with the user of a session read by a prepared statement."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User

from annotator.queries.prepared import prepared_row

COLUMNS = [field.attname for field in User._meta.concrete_fields]
USER = f"SELECT {', '.join(COLUMNS)} FROM auth_user WHERE id = %(pk)s"  # noqa: S608 - own columns


class PreparedBackend(ModelBackend):
    """Passwords and permissions as Django knows them."""

    def get_user(self, user_id: int) -> User | None:
        """Return the active user with this id."""
        row = prepared_row(USER, {"pk": user_id})
        user = None if row is None else User.from_db("default", COLUMNS, row)
        return user if user is not None and self.user_can_authenticate(user) else None
