"""Browser input of the pages, checked before any service sees it.

Forms only check shape; rules live in the services, whose errors ``add_errors`` puts back beside
the field they name.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.cache import cache
from django.core.exceptions import ValidationError

from annotator.models import Membership, Project
from annotator.queries.trees.problems import LABEL_STATES, OUTCOME_STATES, SORTS, ProblemFilter
from annotator.services.jobs.requests import AGGREGATES, NEUTRALS
from scoring.training.targets import DEFAULT_AGGREGATE, DEFAULT_NEUTRAL

if TYPE_CHECKING:
    from annotator.errors import AnnotatorError

SIGN_IN_TRIES = 10
SIGN_IN_PAUSE_S = 900
PAUSE_AFTER = Project._meta.get_field("pause_after").default


def add_errors(form: forms.Form, error: AnnotatorError) -> None:
    """Put a service's error beside the fields it names, or on top of the form."""
    named = {name: text for name, text in error.fields.items() if name in form.fields}
    for name, text in named.items():
        form.add_error(name, text)
    if not named:
        form.add_error(None, error.message)


class SignInForm(AuthenticationForm):
    """Username and password; after ten wrong passwords the name and address wait 15 minutes."""

    def clean(self) -> dict[str, Any]:
        """Check the password unless there were too many wrong ones."""
        key = self._tries_key()
        if cast("int", cache.get(key, 0)) >= SIGN_IN_TRIES:
            raise ValidationError("Too many wrong passwords. Wait 15 minutes, or use a link.")
        try:
            cleaned = super().clean()
        except ValidationError:
            cache.add(key, 0, SIGN_IN_PAUSE_S)
            cache.incr(key)
            raise
        cache.delete(key)
        return cleaned

    def _tries_key(self) -> str:
        address = self.request.META.get("REMOTE_ADDR", "") if self.request else ""
        name = f"{self.cleaned_data.get('username', '')}\n{address}"
        return f"sign-in-tries:{hashlib.sha256(name.encode()).hexdigest()}"


class ProjectForm(forms.Form):
    """A new project."""

    name = forms.CharField(max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    description = forms.CharField(
        max_length=2000,
        required=False,
        help_text="One line for the list of projects.",
    )


class ProjectSettingsForm(forms.Form):
    """What an owner may change later."""

    description = forms.CharField(max_length=2000, required=False)
    primary_outcome = forms.CharField(
        max_length=60,
        help_text="Name of the outcome that credit methods and the problem list use.",
    )
    show_scores = forms.BooleanField(
        required=False,
        label="Annotators see model scores while they judge",
        help_text="Off: model scores and heat are hidden from annotators.",
    )
    pause_below = forms.FloatField(
        required=False,
        min_value=0,
        max_value=1,
        label="Stop annotators below this accuracy on gold",
        help_text="A share from 0 to 1; empty: nobody is stopped.",
    )
    pause_after = forms.IntegerField(
        min_value=1,
        max_value=1000,
        initial=PAUSE_AFTER,
        required=False,
        label="Last gold answers that decide it",
        help_text="Few answers stop many good people by bad luck; 20 or more is advisable.",
    )

    def clean_pause_after(self) -> int:
        """Keep the number there was where the field is left out."""
        value = self.cleaned_data.get("pause_after")
        return int(value if value is not None else self.initial.get("pause_after", PAUSE_AFTER))


class ProjectDeleteForm(forms.Form):
    """The project's name, typed by the owner who deletes it."""

    confirm = forms.CharField(
        max_length=200,
        label="Type the project's name to delete it",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )


class ProblemFilterForm(forms.Form):
    """The filter line above the problem list; every field is a part of the URL."""

    q = forms.CharField(
        required=False,
        max_length=500,
        label="Find",
        widget=forms.TextInput({"type": "search", "placeholder": "Find in problem or answer"}),
    )
    labels = forms.ChoiceField(choices=list(LABEL_STATES.items()), required=False)
    outcome = forms.ChoiceField(choices=list(OUTCOME_STATES.items()), required=False)
    min_steps = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        label="Steps from",
        widget=forms.NumberInput({"placeholder": "from"}),
    )
    max_steps = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        label="Steps to",
        widget=forms.NumberInput({"placeholder": "to"}),
    )
    sort = forms.ChoiceField(
        choices=[("", "Oldest first"), *((k, v) for k, v in SORTS.items() if k != "oldest")],
        required=False,
    )

    def wanted(self) -> ProblemFilter:
        """Return the filter; fields that do not make sense are left out of it."""
        data = self.cleaned_data if self.is_bound else {}
        return ProblemFilter(
            text=data.get("q", ""),
            labels=data.get("labels", ""),
            outcome=data.get("outcome", ""),
            min_steps=data.get("min_steps"),
            max_steps=data.get("max_steps"),
            sort=data.get("sort") or "oldest",
        )


class MemberForm(forms.Form):
    """A person to add: somebody with an account, or a new one who gets a link."""

    username = forms.CharField(
        max_length=150, widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"})
    )
    role = forms.ChoiceField(
        choices=list(reversed(Membership.Role.choices)), initial=Membership.Role.ANNOTATOR
    )
    invite = forms.BooleanField(
        required=False,
        label="Create a new account and a one-time sign-in link",
    )


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(choices=Membership.Role.choices)


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(
        max_length=80,
        help_text="Where it will be used, for example 'laptop notebook'.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )


class GuidelineForm(forms.Form):
    """The next version of the guidelines."""

    markdown = forms.CharField(
        required=False,
        strip=False,
        label="Guidelines (Markdown)",
        widget=forms.Textarea({"rows": 22, "spellcheck": "true"}),
    )
    change = forms.CharField(
        required=False,
        max_length=2000,
        label="What is new and why",
        help_text="Everybody who judges reads it beside the new version.",
        widget=forms.Textarea({"rows": 2}),
    )
    based_on = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class SnapshotForm(forms.Form):
    """A new snapshot and its rules."""

    name = forms.CharField(max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    aggregate = forms.ChoiceField(
        choices=list(AGGREGATES.items()),
        label="When raters differ",
        initial=DEFAULT_AGGREGATE,
    )
    neutral = forms.ChoiceField(
        choices=[(key, f"A neutral step {text}") for key, text in NEUTRALS.items()],
        label="Neutral steps",
        initial=DEFAULT_NEUTRAL,
    )
    include_machine = forms.BooleanField(
        required=False,
        label="Include labels of checkers and verifiers",
        help_text="People's and imported labels are always included. Where a person rated a step, "
        "nobody else's rating of it counts; a checker's counts only where nobody else rated.",
    )

    def rules(self) -> dict[str, Any]:
        """Return the rules as the service takes them."""
        return {key: self.cleaned_data[key] for key in ("aggregate", "neutral", "include_machine")}


class FilesInput(forms.ClearableFileInput):
    """A file input that takes several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One file or more; cleans to the list of them, in the order they were sent."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Return the list of files; none at all is the usual error of a required field."""
        if not data:
            return super().clean(None, initial)
        return [super(FilesField, self).clean(file, initial) for file in data]


class ImportForm(forms.Form):
    """Files to import, one job each."""

    file = FilesField(allow_empty_file=True)
    format = forms.CharField(max_length=40, initial="auto")
    dry_run = forms.BooleanField(
        required=False,
        label="Only check the file",
        help_text="Reads and validates everything, stores nothing.",
    )
