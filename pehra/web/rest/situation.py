"""The situation for programs: the first page in one answer, counted behind the wall. It is the shell's own."""

from ninja import Router

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.web import situations

router = Router()


@router.get("", response=situations.Picture, operation_id="situation.one", summary="What is on fire")
def one(request: Request) -> situations.Picture:
    """How many findings and incidents are open, what runs out next, and whether the sources still speak."""
    access.require(request.actor, Permission.SITUATION_READ)
    return situations.picture(by=request.actor, at=request.at)
