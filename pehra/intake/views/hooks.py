"""Where webhooks post. No account and no cookie: the secret in a header, or as the last part of the address.

The answer is the receipt as JSON, without the secret that opens a report: the program's posts open it.
"""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from pehra.access.api import Request
from pehra.intake import api
from pehra.kernel.clock import format_time
from pehra.kernel.refusals import NotVisible

HEADER = "X-Webhook-Secret"
ONCE = "Idempotency-Key"
ONCE_CHARACTERS_MAX = 200


@login_not_required
@csrf_exempt
@require_POST
def receive(request: Request, webhook_id: UUID, secret: str = "") -> HttpResponse:
    """Take in what a program posts."""
    try:
        receipt = api.receive_hook(
            webhook_id=webhook_id,
            secret=request.headers.get(HEADER, secret),
            raw=request.body,
            media_type=request.content_type or "application/json",
            once=request.headers.get(ONCE, "")[:ONCE_CHARACTERS_MAX],
            at=request.at,
        )
    except NotVisible:
        return JsonResponse({"detail": "there is no such webhook"}, status=404)
    said = {
        "reference": receipt.reference,
        "number": receipt.number,
        "received_at": format_time(receipt.at),
        "sha256": receipt.sha256,
        "is_new": receipt.is_new,
    }
    return JsonResponse(said, status=201 if receipt.is_new else 200)
