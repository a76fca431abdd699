"""``manage.py sign_in_link``: a new one-time link, for example after losing the first one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from annotator.services.people.users import sign_in_link_create, user_create_first

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    """Prints a link that signs one person in once."""

    help = "Print a link that signs a person in once, within a day."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the name of the person."""
        parser.add_argument("username", nargs="?", help="default: the first person")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the link."""
        name = options["username"]
        user = User.objects.filter(username=name).first() if name else user_create_first()
        if user is None:
            known = ", ".join(User.objects.order_by("pk").values_list("username", flat=True)[:20])
            raise CommandError(f"There is nobody called '{name}'; known: {known or 'nobody yet'}.")
        self.stdout.write(f"{settings.BASE_URL}/sign-in/{sign_in_link_create(user=user)}/")
