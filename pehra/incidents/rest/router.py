"""The router to which every file of `incidents.rest` adds its operations."""

from ninja import Router

router = Router()
