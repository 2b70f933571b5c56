"""The router to which every file of `threads.rest` adds its operations."""

from ninja import Router

router = Router()
