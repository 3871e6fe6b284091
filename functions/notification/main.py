"""Tell the owner by e-mail how a job came out."""

from functions.notification.telling import tell
from shared.stage import stage

main = stage("notification", part=tell)
