"""Tell the owner by e-mail how a job came out."""

from functions.notification.send import send_email
from shared.entrypoints.stage import stage

main = stage("notification", part=send_email)
