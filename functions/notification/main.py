"""Sends the owner of a job an email about its outcome."""

from functions.notification.send import send_email
from shared.entrypoints.stage import stage

main = stage("notification", part=send_email)
