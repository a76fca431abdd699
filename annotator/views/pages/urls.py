"""Routes of every page but the workbench."""

from __future__ import annotations

from django.urls import path

from annotator.views.pages import (
    account,
    datasets,
    downloads,
    guidelines,
    imports,
    jobs,
    members,
    models,
    problems,
    projects,
)

P = "p/<str:project>/"
urlpatterns = [
    path("", projects.projects, name="projects"),
    path("sample/", projects.project_sample, name="project-sample"),
    path("sign-in/", account.SignIn.as_view(), name="sign-in"),
    path("sign-in/<str:token>/", account.sign_in_link, name="sign-in-link"),
    path("sign-out/", account.SignOut.as_view(), name="sign-out"),
    path("tokens/", account.tokens, name="tokens"),
    path("tokens/<int:pk>/delete/", account.token_revoke, name="token-delete"),
    path(f"{P}problems/", problems.problem_list, name="problem-list"),
    path(f"{P}import/", imports.import_page, name="import"),
    path(f"{P}models/", models.model_list, name="model-list"),
    path(f"{P}models/<int:pk>/", models.model_detail, name="model-detail"),
    path(f"{P}models/<int:pk>/metrics.csv", models.model_metrics_csv, name="model-metrics"),
    path(f"{P}models/<int:pk>/score/", models.model_score, name="model-score"),
    path(f"{P}jobs/", jobs.job_list, name="job-list"),
    path(f"{P}jobs/<int:pk>/", jobs.job_detail, name="job-detail"),
    path(f"{P}jobs/<int:pk>/cancel/", jobs.job_cancel, name="job-cancel"),
    path(f"{P}jobs/<int:pk>/resume/", jobs.job_resume_view, name="job-resume"),
    path(f"{P}datasets/", datasets.dataset_list, name="dataset-list"),
    path(f"{P}datasets/snapshots/", datasets.snapshot_new, name="snapshot-new"),
    path(f"{P}datasets/exports/<slug:key>/", datasets.export_new, name="export-new"),
    path(f"{P}exports/<int:pk>/", datasets.export_detail, name="export-detail"),
    path(f"{P}exports/<int:pk>/all.zip", downloads.export_download_all, name="export-archive"),
    path(
        f"{P}exports/<int:pk>/files/<path:path>", downloads.export_download, name="export-download"
    ),
    path(f"{P}guidelines/", guidelines.guidelines, name="guidelines"),
    path(f"{P}guidelines/edit/", guidelines.guidelines_edit, name="guidelines-edit"),
    path(f"{P}guidelines/<int:number>/", guidelines.guidelines, name="guidelines-version"),
    path(f"{P}members/", members.members, name="members"),
    path(f"{P}members/<int:pk>/role/", members.member_role, name="member-role"),
    path(f"{P}members/<int:pk>/remove/", members.member_end, name="member-remove"),
    path(f"{P}settings/", projects.project_settings, name="project-settings"),
]
