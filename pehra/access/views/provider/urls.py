"""Addresses of the OpenID provider, under the names by which allauth's engine asks for them."""

from django.urls import path

from pehra.access.views.provider import devices, endpoints, leaving

app_name = "oidc"
urlpatterns = [
    path(".well-known/openid-configuration", endpoints.configuration, name="configuration"),
    path(".well-known/jwks.json", endpoints.keys, name="jwks"),
    path("identity/o/authorize", endpoints.authorize, name="authorization"),
    path("identity/o/token", endpoints.token, name="token"),
    path("identity/o/userinfo", endpoints.userinfo, name="userinfo"),
    path("identity/o/revoke", endpoints.revoke, name="revoke"),
    path("identity/o/introspect", endpoints.introspect, name="introspect"),
    path("identity/o/device/code", devices.device_code, name="device_code"),
    path("identity/o/device", devices.device, name="device_authorization"),
    path("identity/o/logout", leaving.logout, name="logout"),
]
