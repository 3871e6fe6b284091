# Metrics from the functions' log events (see shared/runtime/logs.py), named after the event.
locals {
  of_functions = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=~\"^mr-\""
  events = {
    "job.stalled"        = { filter = "jsonPayload.message=\"job.stalled\"", label = "" }
    "job.sweep_failed"   = { filter = "jsonPayload.message=\"job.sweep_failed\"", label = "" }
    "unit.failed"        = { filter = "jsonPayload.message=\"unit.failed\"", label = "stage" }
    "orphans.too_many"   = { filter = "jsonPayload.message=\"orphans.too_many\"", label = "" }
    "message.unreadable" = { filter = "jsonPayload.message=\"message.unreadable\"", label = "function" }
    "errors"             = { filter = "severity>=ERROR", label = "function" }
  }
}

resource "google_logging_metric" "event" {
  for_each = local.events

  name        = "moodreel/${each.key}"
  description = "Number of these log events."
  filter      = "${local.of_functions} AND ${each.value.filter}"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"

    dynamic "labels" {
      for_each = each.value.label == "" ? [] : [each.value.label]

      content {
        key        = labels.value
        value_type = "STRING"
      }
    }
  }

  label_extractors = each.value.label == "" ? {} : { (each.value.label) = "EXTRACT(jsonPayload.${each.value.label})" }

  depends_on = [google_project_service.used]
}
