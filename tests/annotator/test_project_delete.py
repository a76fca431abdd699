"""A whole project can go; what is in use inside a living one cannot."""

import pytest
from django.db.models import RestrictedError

from annotator.models import ErrorType, GuidelineVersion, Project, Snapshot, Step
from annotator.services.datasets.snapshots import snapshot_create
from annotator.services.guidelines.versions import guideline_set
from annotator.services.judgements.labels import label_set
from annotator.services.models.reward_models import reward_model_create
from annotator.services.projects.projects import project_create
from tests.annotator.importing.data import flat, load

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(user):
    project = project_create(name="to go", owner=user)
    guideline_set(
        project=project, author=user, markdown="Rate each step.", change="first own rules"
    )
    load(project, flat("1", "a", "b"))
    step = Step.objects.get(text="a", problem__project=project)
    label_set(step=step, user=user, rating=-1, error_type="logic")
    snapshot = snapshot_create(
        project=project, name="v1", rules={"aggregate": "majority", "neutral": "drop"}, user=user
    )
    reward_model_create(
        project=project, name="m", kind="prm", base="tiny", seed=0, snapshot=snapshot
    )
    return project


def test_a_project_with_everything_in_it_can_be_deleted(project):
    project.delete()
    assert not Project.objects.exists()
    assert not Step.objects.exists()


@pytest.mark.parametrize(
    "used",
    [
        lambda project: ErrorType.objects.get(project=project, key="logic"),
        lambda project: GuidelineVersion.objects.get(project=project, labels__isnull=False),
        lambda project: Snapshot.objects.get(project=project),
    ],
)
def test_what_is_in_use_cannot_be_deleted_alone(project, used):
    with pytest.raises(RestrictedError):
        used(project).delete()
