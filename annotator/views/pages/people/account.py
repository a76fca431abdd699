"""Signing in and out, and personal API tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotator.errors import AnnotatorError, InvalidError
from annotator.forms import SignInForm, TokenForm, add_errors
from annotator.queries.people.tokens import tokens_of
from annotator.services.people.tokens import token_create, token_delete
from annotator.services.people.users import sign_in_link_use
from annotator.services.projects.projects import projects_adopt
from annotator.views.http import page

if TYPE_CHECKING:
    from django.contrib.auth.forms import AuthenticationForm
    from django.http import HttpRequest, HttpResponse

    from annotator.views.http import HtmxRequest


@method_decorator(never_cache, name="dispatch")
class SignIn(LoginView):
    """The sign-in page: where to find a link, and a form for those who have a password."""

    template_name = "registration/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign the person in; projects that nobody owns yet become theirs."""
        projects_adopt(user=form.get_user())
        return super().form_valid(form)


class SignOut(LogoutView):
    """Ends the session; only by POST, so that no foreign page can do it."""

    http_method_names = ["post"]


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    """Use a one-time link. GET shows a button only: previews of chat programs must not burn it."""
    if request.method == "GET":
        return render(request, "registration/sign_in_link.html")
    try:
        user = sign_in_link_use(token=token)
    except AnnotatorError as error:
        context = {"error": error.message}
        return render(request, "registration/sign_in_link.html", context, status=error.status)
    projects_adopt(user=user)
    login(request, user)
    return redirect("annotator:projects")


@never_cache
@require_http_methods(["GET", "POST"])
def tokens(request: HtmxRequest) -> HttpResponse:
    """List personal tokens; POST makes one and shows its secret this one time."""
    form = TokenForm(request.POST or None)
    made = None
    if request.method == "POST" and form.is_valid():
        try:
            made = token_create(user=request.user, name=form.cleaned_data["name"])
            form = TokenForm()
        except InvalidError as error:
            add_errors(form, error)
    context = {"form": form, "made": made, "tokens": tokens_of(user=request.user)}
    return page(request, "annotator/tokens.html", context, status=422 if form.errors else 200)


@require_POST
def token_revoke(request: HtmxRequest, pk: int) -> HttpResponse:
    """Delete one of one's own tokens."""
    token_delete(user=request.user, pk=pk)
    return redirect("annotator:tokens")
