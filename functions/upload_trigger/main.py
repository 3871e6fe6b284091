"""The entry point of upload_trigger: examines uploads, rejects unusable ones, plans the job."""

from shared.entrypoints.stage import UnitContext, stage
from shared.jobs.units.outcomes import UnitDone


def _part(context: UnitContext) -> UnitDone:
    # Its modules are imported with the first unit, and PyAV and Pillow by the fork server: see
    # infra/README.md, cold starts.
    from functions.upload_trigger.intake import examine_upload

    return examine_upload(context)


def _join(context: UnitContext) -> UnitDone:
    from functions.upload_trigger.intake import plan_stages

    return plan_stages(context)


main = stage("upload_trigger", part=_part, join=_join)
