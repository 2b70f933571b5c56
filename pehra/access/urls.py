"""Addresses of signing in and of people."""

from django.urls import path

from pehra.access.views import delegating, people, providers, recovering, relying, signing, tokens
from pehra.access.views.account import coming_in, ways

app_name = "access"
urlpatterns = [
    path("sign-in", coming_in.SignIn.as_view(), name="sign-in"),
    path("sign-out", signing.sign_out, name="sign-out"),
    path("link/<str:token>", signing.link, name="link"),
    path("enrol", ways.enrol, name="enrol"),
    path("people/", people.people, name="people"),
    path("people/<uuid:person_id>/", people.person, name="person"),
    path("people/<uuid:person_id>/roles/<uuid:grant_id>/end", people.end, name="end"),
    path("people/<uuid:person_id>/link", recovering.link, name="person-link"),
    path("people/<uuid:person_id>/recovery", recovering.recover, name="recover"),
    path("people/<uuid:person_id>/email", recovering.change_email, name="change-email"),
    path("people/<uuid:person_id>/<str:act>", people.standing, name="standing"),
    path("give/", delegating.give, name="give"),
    path("pending/", delegating.pending, name="pending"),
    path("pending/<uuid:pending_id>/decide", delegating.decide, name="decide"),
    path("review/", delegating.reviews, name="review"),
    path("review/decide", delegating.keep, name="keep"),
    path("glass/", delegating.glass, name="glass"),
    path("glass/break", delegating.break_glass, name="break-glass"),
    path("glass/<uuid:grant_id>/judge", delegating.judge, name="judge"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<uuid:token_id>/revoke", tokens.revoke, name="token-revoke"),
    path("providers/", providers.links, name="providers"),
    path("providers/<slug:provider_id>/", providers.come_in, name="provider"),
    path("providers/<slug:provider_id>/back", providers.callback, name="provider-callback"),
    path("providers/<slug:provider_id>/link", providers.connect, name="provider-link"),
    path("providers/<slug:provider_id>/end", providers.disconnect, name="provider-end"),
    path("roles/", delegating.roles, name="roles"),
    path("services/", relying.services, name="services"),
    path("services/<slug:client_id>/", relying.service, name="service"),
    path("services/<slug:client_id>/rotate", relying.rotate, name="service-rotate"),
    path("services/<slug:client_id>/close", relying.close, name="service-close"),
]
