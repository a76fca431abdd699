"""The page Agreement: what is shown to whom, waiting, filters, hostile text."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from annotator.models import AgreementReport, Job, Membership
from annotator.queries.agreement.scope import Scope
from annotator.services.agreement import agreement_report_make
from tests.annotator.agreement.data import imported, judge, ranked
from tests.factories import UserFactory, problem_with_tree
from tests.page_text import without_tokens


def page(client, project, query="", **headers):
    return client.get(reverse("annotator:agreement", args=[project.name]) + query, **headers)


class TestPage:
    @pytest.fixture
    def client(self, client_for, world):
        return client_for(world.owner)

    @pytest.fixture
    def judged(self, world):
        """Two people on every trace, apart on the second; rankings by two criteria."""
        one, two = world.people[1:3]
        for trace, mine, theirs in zip(world.traces, [1, 1, -1, 0], [1, -1, -1, 0], strict=True):
            judge(trace, one, mine, 1)
            judge(trace, two, theirs, 1)
        for user, tiers in ((one, [[1], [2]]), (two, [[2], [1]])):
            for criterion in ("soundness", ""):
                ranked(world, user, world.traces[0], tiers, criterion=criterion)
        agreement_report_make(project=world.project, scope=Scope(), replicates=50)

    def test_first_visit_queues_the_computation_and_polls(self, client, world):
        judge(world.traces[0], world.people[1], 1)
        response = page(client, world.project)
        assert response.status_code == 200
        (job,) = Job.objects.filter(kind=Job.Kind.AGREEMENT)
        assert job.created_by == world.owner
        assert "data-poll" in response.content.decode()
        fragment = page(client, world.project, "?shown=0", HTTP_HX_REQUEST="true")
        assert b"<html" not in fragment.content
        assert Job.objects.filter(kind=Job.Kind.AGREEMENT).count() == 1
        agreement_report_make(project=world.project, scope=Scope(), replicates=0)
        done = page(client, world.project, "?shown=0", HTTP_HX_REQUEST="true")
        assert done.headers["HX-Refresh"] == "true"

    def test_figures_pairs_matrices_and_places(self, client, world, judged):
        text = page(client, world.project).content.decode()
        assert not Job.objects.filter(kind=Job.Kind.AGREEMENT).exists()
        plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
        assert "Krippendorff's α, nominal" in plain.replace("&#x27;", "'")
        assert "0.754" in plain  # 1 − 30 / 122
        assert "agree-1 and agree-2" in plain
        assert "Criterion: soundness" in plain
        assert "Criterion: overall" in plain
        assert "−1.000" in plain  # τ-b of opposite orders
        assert "2 places" in plain
        assert "1 pair of items" in plain
        assert "Confusion matrices" in plain
        assert "by MACE the share of ratings that an annotator knows rather than guesses" in plain
        step = world.traces[1].problem.steps.earliest("preorder")
        href = reverse("annotator:problem", args=[world.project.name, step.problem_id])
        assert f'href="{href}?step={step.pk}"' in text
        decide = reverse("annotator:adjudication", args=[world.project.name])
        assert f'href="{decide}"' in text
        assert f'href="{decide}?kind=rankings"' in text
        assert "from all judgements there are" in plain
        assert "NaN" not in without_tokens(text)
        assert "style=" not in text

    def test_nobody_is_quoted_before_the_reviewer_has_decided(self, client, world, judged):
        text = page(client, world.project).content.decode()
        tables = re.findall(r'<table class="table apart">.*?</table>', text, re.DOTALL)
        assert len(tables) == 2  # steps and rankings
        assert "agree-" in text
        assert not any("agree-1" in table or "agree-2" in table for table in tables)
        assert all('<td class="num">2</td>' in table for table in tables)

    def test_an_old_report_stays_while_the_next_is_computed(self, client, world, judged):
        judge(world.traces[0], world.people[3], 1)
        text = page(client, world.project).content.decode()
        assert "1 change since then is not in it" in text
        assert "0.754" in text
        report = AgreementReport.objects.get()
        shown = f"?shown={report.pk}"
        assert b"data-poll" in page(client, world.project, shown, HTTP_HX_REQUEST="true").content
        newer = agreement_report_make(project=world.project, scope=Scope(), replicates=0)
        Job.objects.update(state=Job.State.DONE)
        told = page(client, world.project, shown, HTTP_HX_REQUEST="true")
        assert newer.pk != report.pk
        assert b"Newer figures are ready" in told.content
        assert b"data-poll" not in told.content

    def test_looking_costs_the_same_for_many_judgements(
        self, client, world, judged, django_assert_max_num_queries
    ):
        page(client, world.project)
        with django_assert_max_num_queries(18):
            assert page(client, world.project).status_code == 200

    def test_filters_choose_and_bad_ones_are_named(self, client, world, judged):
        imported(world, "labeler", world.traces[0], 0)
        for name in ("person", "imported"):
            compute_now(world.project, name)
        both = page(client, world.project, "?kind=imported")
        assert "labeler" in both.content.decode()
        for query in ("?queue=999", "?guideline=x", "?kind=robot", "?since=yesterday"):
            assert page(client, world.project, query).status_code == 422, query
        late = page(client, world.project, "?since=2026-02-02&until=2026-02-01")
        assert late.status_code == 422
        assert "The last day is before the first." in late.content.decode()

    def test_a_project_without_judgements_says_what_to_do(self, client, world):
        agreement_report_make(project=world.project, scope=Scope(), replicates=0)
        assert "Nothing to compare" in page(client, world.project).content.decode()

    def test_texts_of_others_do_not_act(self, client, world):
        problem = problem_with_tree(["<b>x</b>"], project=world.project, prompt="<i>p</i>")
        evil = UserFactory(username="<script>1</script>")
        Membership.objects.create(project=world.project, user=evil, role="annotator")
        judge(problem.traces.get(), world.people[1], 1)
        judge(problem.traces.get(), evil, -1)
        agreement_report_make(project=world.project, scope=Scope(), replicates=0)
        text = page(client, world.project).content.decode()
        assert "&lt;b&gt;x" in text
        assert "&lt;script&gt;1" in text
        assert "<script>1" not in text

    def test_a_stopped_job_is_named_with_its_reason(self, client, world):
        judge(world.traces[0], world.people[1], 1)
        page(client, world.project)
        Job.objects.update(state=Job.State.FAILED, error="There was no memory.")
        text = page(client, world.project).content.decode()
        assert "There was no memory." in text
        assert Job.objects.filter(kind=Job.Kind.AGREEMENT).count() == 1

    @pytest.mark.parametrize("number", [1, 2])
    def test_annotators_do_not_see_others_judgements(self, client_for, world, number):
        assert page(client_for(world.people[number]), world.project).status_code == 403


def compute_now(project, kind):
    """Store the report of one kind of raters without a worker."""
    agreement_report_make(project=project, scope=Scope(kinds=(kind,)), replicates=0)
