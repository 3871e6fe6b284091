"""An upload has arrived: find out what it is, refuse what cannot be used, plan the work."""

from functions.upload_trigger.intake import examine, plan
from shared.stage import stage

main = stage("upload_trigger", part=examine, join=plan)
