"""The door for a ministry's own directory: SCIM 2.0 (RFC 7643, 7644) at `/scim/v2/`.

Thin: a request becomes a call of `access.api`, an answer a SCIM document. A program comes in by an API token with
`access.provision`; the middleware says who that is. Where its holder stands for several scopes, the address names one:
`/scim/v2/organisations/<code>/` or `/scim/v2/teams/<code>/`.
"""
