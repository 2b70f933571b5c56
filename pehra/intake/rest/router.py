"""The router to which every file of `intake.rest` adds its operations."""

from ninja import Router

router = Router()
