"""An upload has arrived: find out what it is, refuse what cannot be used, plan the work."""

from shared.entrypoints.stage import UnitContext, stage
from shared.jobs.claims import UnitDone


def _part(context: UnitContext) -> UnitDone:
    # PyAV, NumPy and Pillow are loaded with the first unit: see infra/README.md, cold starts.
    from functions.upload_trigger.intake import examine_upload

    return examine_upload(context)


def _join(context: UnitContext) -> UnitDone:
    from functions.upload_trigger.intake import plan_stages

    return plan_stages(context)


main = stage("upload_trigger", part=_part, join=_join)
