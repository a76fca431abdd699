"""The Members page: who may do what in a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotator.errors import AnnotatorError
from annotator.forms import MemberForm, RoleForm, add_errors
from annotator.models import Membership
from annotator.queries.access import project_for_user
from annotator.queries.people.members import member_of, members_counted
from annotator.services.people.members import (
    member_add,
    member_invite,
    member_pause,
    member_remove,
    member_resume,
    member_set,
)
from annotator.views.http import page

if TYPE_CHECKING:
    from django.http import HttpResponse

    from annotator.queries.access import Access, Role
    from annotator.views.http import HtmxRequest


@never_cache
@require_http_methods(["GET", "POST"])
def members(request: HtmxRequest, project: str) -> HttpResponse:
    """List members; an owner adds a person or invites a new one and sees the link this once."""
    needed: Role = "owner" if request.method == "POST" else "viewer"
    access = project_for_user(user=request.user, name=project, at_least=needed)
    form = MemberForm(request.POST or None)
    context: dict[str, object] = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            context |= _member_made(request, access, form)
        except AnnotatorError as error:
            add_errors(form, error)
        else:
            context["form"] = MemberForm()
    context["roles"] = Membership.Role.choices
    context["members"] = members_counted(access=access)
    return page(
        request,
        "annotator/members.html",
        context,
        access=access,
        section="members",
        status=422 if form.errors else 200,
    )


def _member_made(request: HtmxRequest, access: Access, form: MemberForm) -> dict[str, object]:
    """Add or invite; return what the page must show."""
    data = form.cleaned_data
    who = {"project": access.project, "username": data["username"], "role": data["role"]}
    if not data["invite"]:
        added = member_add(**who)
        return {"said": _now(added)}
    invitation = member_invite(**who)
    path = reverse("annotator:sign-in-link", args=[invitation.token])
    return {"invited": invitation.membership.user, "link": request.build_absolute_uri(path)}


def _now(member: Membership) -> str:
    role = member.get_role_display().lower()
    article = "an" if role[0] in "aeiou" else "a"
    return f"{member.user.get_username()} is now {article} {role}."


@require_POST
def member_role(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Give a member another role."""
    access = project_for_user(user=request.user, name=project, at_least="owner")
    member = member_of(project=access.project, user_id=pk)
    form = RoleForm(request.POST)
    role = form.cleaned_data["role"] if form.is_valid() else ""
    changed = member_set(project=access.project, user=member.user, role=role)
    messages.success(request, _now(changed))
    return redirect("annotator:members", access.project.name)


@require_POST
def member_stop(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Serve a member nothing more, with a reason that they read; or let them go on."""
    access = project_for_user(user=request.user, name=project, at_least="reviewer")
    name = member_of(project=access.project, user_id=pk).user.get_username()
    if request.POST.get("resume"):
        member_resume(project=access.project, user_id=pk)
        messages.success(request, f"{name} is served items again.")
    else:
        reason = request.POST.get("reason", "")
        member_pause(project=access.project, user_id=pk, reason=reason)
        messages.success(request, f"{name} is paused; what they held went back to its queue.")
    return redirect("annotator:members", access.project.name)


@require_POST
def member_end(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Remove a member, or leave."""
    access = project_for_user(user=request.user, name=project)
    name = member_of(project=access.project, user_id=pk).user.get_username()
    member_remove(access=access, user_id=pk)
    messages.success(request, f"{name} is no longer a member of {access.project.name}.")
    if pk == request.user.pk:
        return redirect("annotator:projects")
    return redirect("annotator:members", access.project.name)
