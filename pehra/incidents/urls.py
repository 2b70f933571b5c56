"""Addresses of incidents."""

from django.urls import path

from pehra.incidents.views import consents, evidence, exchange, joining, notes, playbooks, presence, tasks, timeline
from pehra.incidents.views import incidents as views

app_name = "incidents"
urlpatterns = [
    path("", views.listing, name="list"),
    path("export.csv", views.export, name="export"),
    path("playbooks/", playbooks.listing, name="playbooks"),
    path("playbooks/<uuid:playbook_id>/", playbooks.one, name="playbook"),
    path("playbooks/<uuid:playbook_id>/document.json", playbooks.document, name="playbook-document"),
    path("playbooks/<uuid:playbook_id>/retire", playbooks.retire, name="playbook-retire"),
    path("lessons/", notes.proposals, name="proposals"),
    path("tasks/", tasks.mine, name="my-tasks"),
    path("asked/", consents.asked, name="asked"),
    path("<str:reference>/", views.one, name="one"),
    path("<str:reference>/timeline", timeline.listing, name="timeline"),
    path("<str:reference>/timeline/<str:what>", timeline.do, name="timeline-do"),
    path("<str:reference>/tasks", tasks.listing, name="tasks"),
    path("<str:reference>/tasks/playbook.json", playbooks.of_tasks, name="playbook-of-tasks"),
    path("<str:reference>/tasks/playbook/<uuid:playbook_id>", tasks.start, name="start-playbook"),
    path("<str:reference>/tasks/<str:what>", tasks.do, name="tasks-do"),
    path("<str:reference>/notes", notes.listing, name="notes"),
    path("<str:reference>/notes/<int:number>", notes.one, name="note"),
    path("<str:reference>/unsaved", notes.unsaved, name="unsaved"),
    path("<str:reference>/lessons", notes.lessons, name="lessons"),
    path("<str:reference>/lessons/<int:number>", notes.answer, name="lesson-answer"),
    path("<str:reference>/present", presence.present, name="presence"),
    path("<str:reference>/move", views.move, name="move"),
    path("<str:reference>/severity", views.severity, name="severity"),
    path("<str:reference>/moment", views.moment, name="moment"),
    path("<str:reference>/facts", views.facts, name="facts"),
    path("<str:reference>/stage-sent", views.stage_sent, name="stage-sent"),
    path("<str:reference>/stage-withdrawn", views.stage_withdrawn, name="stage-withdrawn"),
    path("<str:reference>/observables", joining.observables, name="observables"),
    path("<str:reference>/observables/<str:what>", joining.observables_do, name="observables-do"),
    path("<str:reference>/assessment", joining.assessment, name="assessment"),
    path("<str:reference>/assessment/<str:what>", joining.assessment_do, name="assessment-do"),
    path("<str:reference>/joined", joining.joined, name="joined"),
    path("<str:reference>/joined/<str:what>", joining.joined_do, name="joined-do"),
    path("<str:reference>/document", exchange.document, name="document"),
    path("<str:reference>/evidence", evidence.listing, name="evidence"),
    path("<str:reference>/evidence/<int:number>/", evidence.one, name="evidence-one"),
    path("<str:reference>/evidence/<int:number>/custody.json", evidence.custody, name="evidence-custody"),
    path("<str:reference>/evidence/<int:number>/give-out", evidence.give_out, name="evidence-give-out"),
    path("<str:reference>/evidence/<int:number>/sealed", evidence.sealed, name="evidence-sealed"),
    path("<str:reference>/evidence/<int:number>/destroy", evidence.destroy, name="evidence-destroy"),
    path("<str:reference>/evidence/<int:number>/do/<str:what>", evidence.act, name="evidence-act"),
]
