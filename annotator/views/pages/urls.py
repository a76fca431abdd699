"""Routes of every page but the workbench."""

from __future__ import annotations

from django.urls import path

from annotator.views.pages import answers, history, imports, problems, projects
from annotator.views.pages.adjudication import cases
from annotator.views.pages.agreement import page as agreement
from annotator.views.pages.datasets import downloads
from annotator.views.pages.datasets import page as datasets
from annotator.views.pages.evaluations import page as evaluations
from annotator.views.pages.guidelines import inbox, taxonomy
from annotator.views.pages.guidelines import page as guidelines
from annotator.views.pages.jobs import page as jobs
from annotator.views.pages.models import page as models
from annotator.views.pages.models import rerun
from annotator.views.pages.people import account, members
from annotator.views.pages.quality import gold
from annotator.views.pages.quality import page as quality
from annotator.views.pages.queues import page as queues

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
    path(f"{P}problems/<int:pk>/history/", history.history, name="history"),
    path(f"{P}problems/<int:pk>/history.csv", history.history_csv, name="history-csv"),
    path(
        f"{P}problems/<int:pk>/history/<int:event>/restore/",
        history.history_restore,
        name="history-restore",
    ),
    path(
        f"{P}problems/<int:pk>/history/<int:event>/undo/",
        history.history_undo,
        name="history-undo",
    ),
    path(f"{P}answers/", answers.answers_page, name="answers"),
    path(f"{P}import/", imports.import_page, name="import"),
    path(f"{P}models/", models.model_list, name="model-list"),
    path(f"{P}models/<int:pk>/", models.model_detail, name="model-detail"),
    path(f"{P}models/<int:pk>/metrics.csv", models.model_metrics_csv, name="model-metrics"),
    path(f"{P}models/<int:pk>/score/", models.model_score, name="model-score"),
    path(f"{P}models/<int:pk>/retrain/", rerun.model_retrain, name="model-retrain"),
    path(f"{P}models/<int:pk>/evaluate/", evaluations.evaluation_new, name="evaluation-new"),
    path(f"{P}evaluations/<int:pk>/", evaluations.evaluation_detail, name="evaluation"),
    path(f"{P}evaluations/<int:pk>.json", evaluations.evaluation_json, name="evaluation-json"),
    path(f"{P}evaluations/<int:pk>.csv", evaluations.evaluation_csv, name="evaluation-csv"),
    path(f"{P}jobs/", jobs.job_list, name="job-list"),
    path(f"{P}jobs/open/", jobs.jobs_open, name="jobs-open"),
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
    path(f"{P}queues/", queues.queue_list, name="queue-list"),
    path(f"{P}queues/<int:pk>/", queues.queue_detail, name="queue"),
    path(f"{P}queues/<int:pk>/state/", queues.queue_state, name="queue-state"),
    path(f"{P}queues/<int:pk>/delete/", queues.queue_remove, name="queue-delete"),
    path(f"{P}queues/<int:pk>/items/<int:item>/assign/", queues.queue_assign, name="queue-assign"),
    path(f"{P}agreement/", agreement.agreement, name="agreement"),
    path(f"{P}adjudication/", cases.adjudication_list, name="adjudication"),
    path(
        f"{P}adjudication/steps/<int:pk>/",
        cases.adjudication_step,
        name="adjudication-step",
    ),
    path(
        f"{P}adjudication/spans/<int:first>/<int:last>/",
        cases.adjudication_span,
        name="adjudication-span",
    ),
    path(
        f"{P}adjudication/problems/<int:pk>/rankings/",
        cases.adjudication_ranking,
        name="adjudication-ranking",
    ),
    path(f"{P}guidelines/", guidelines.guidelines, name="guidelines"),
    path(f"{P}guidelines/edit/", guidelines.guidelines_edit, name="guidelines-edit"),
    path(f"{P}guidelines/<int:number>/", guidelines.guidelines, name="guidelines-version"),
    path(f"{P}guidelines/panel/", guidelines.guidelines_panel, name="guidelines-panel"),
    path(f"{P}guidelines/again/", guidelines.guidelines_relabel, name="guidelines-relabel"),
    path(
        f"{P}guidelines/<int:number>/changes/",
        guidelines.guidelines_changes,
        name="guidelines-changes",
    ),
    path(f"{P}inbox/", inbox.inbox, name="inbox"),
    path(f"{P}inbox/comments/<int:pk>/", inbox.question_answered, name="inbox-question"),
    path(f"{P}inbox/labels/<int:pk>/", inbox.unsure_answered, name="inbox-unsure"),
    path(
        f"{P}inbox/problems/<int:pk>/contradictions/",
        inbox.contradiction_answered,
        name="inbox-contradiction",
    ),
    path(f"{P}quality/", quality.quality, name="quality"),
    path(f"{P}gold/", gold.gold_list, name="gold-list"),
    path(f"{P}gold/new/", gold.gold_new, name="gold-new"),
    path(f"{P}gold/ids/<slug:task>.csv", gold.gold_ids_csv, name="gold-ids"),
    path(f"{P}gold/<int:pk>/", gold.gold_change, name="gold-change"),
    path(f"{P}exams/<int:pk>/", gold.exam, name="exam"),
    path(f"{P}members/", members.members, name="members"),
    path(f"{P}members/<int:pk>/role/", members.member_role, name="member-role"),
    path(f"{P}members/<int:pk>/pause/", members.member_stop, name="member-pause"),
    path(f"{P}members/<int:pk>/remove/", members.member_end, name="member-remove"),
    path(f"{P}taxonomy/", taxonomy.taxonomy, name="taxonomy"),
    path(f"{P}taxonomy/<str:error_type>/<str:verb>/", taxonomy.error_type_edit, name="error-type"),
    path(f"{P}settings/", projects.project_settings, name="project-settings"),
    path(f"{P}delete/", projects.project_remove, name="project-delete"),
]
