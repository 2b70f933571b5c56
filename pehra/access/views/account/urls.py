"""Addresses under `/account/`, under the names by which allauth knows them. What is not here, allauth does not do.

No sign-up, no password by mail, no address that somebody claims, no browser that is trusted for a while.
"""

from django.urls import path
from django.views.generic import RedirectView

from pehra.access.views import signing
from pehra.access.views.account import coming_in, places, proving, ways

urlpatterns = [
    path("sign-in", coming_in.SignIn.as_view(), name="account_login"),
    path("sign-out", signing.sign_out, name="account_logout"),
    path("prove", proving.ByPassword.as_view(), name="account_reauthenticate"),
    path("password", ways.ChangePassword.as_view(), name="account_change_password"),
    path("password/first", ways.SetPassword.as_view(), name="account_set_password"),
    path("", ways.Ways.as_view(), name="mfa_index"),
    path("second-factor", coming_in.SecondFactor.as_view(), name="mfa_authenticate"),
    path("prove/code", proving.ByCode.as_view(), name="mfa_reauthenticate"),
    path("app", ways.AddApp.as_view(), name="mfa_activate_totp"),
    path("app/end", ways.EndApp.as_view(), name="mfa_deactivate_totp"),
    path("codes", ways.ShowCodes.as_view(), name="mfa_view_recovery_codes"),
    path("codes/new", ways.NewCodes.as_view(), name="mfa_generate_recovery_codes"),
    path("codes/file", ways.SaveCodes.as_view(), name="mfa_download_recovery_codes"),
    path("passkeys", RedirectView.as_view(pattern_name="mfa_index"), name="mfa_list_webauthn"),
    path("passkeys/add", ways.AddPasskeyPage.as_view(), name="mfa_add_webauthn"),
    path("passkeys/<int:pk>/end", ways.EndPasskey.as_view(), name="mfa_remove_webauthn"),
    path("passkeys/sign-in", coming_in.PasskeySignIn.as_view(), name="mfa_login_webauthn"),
    path("prove/passkey", proving.ByPasskey.as_view(), name="mfa_reauthenticate_webauthn"),
    path("sessions", places.places, name="usersessions_list"),
]
