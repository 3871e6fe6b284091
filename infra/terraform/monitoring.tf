# Metrics that count the functions' log events (see shared/runtime/logs.py), and the dashboard.
locals {
  function_filter = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=~\"^mr-\""
  # The sweeper logs how long a unit has waited: after 90 s, then each time that the wait has doubled,
  # at least every hour.
  unclaimed_filter = "jsonPayload.message=\"unit.stalled\" AND jsonPayload.claimed=false"
  events = {
    # Units that were claimed before: backlogs do not count.
    "unit.stalled"       = { filter = "jsonPayload.message=\"unit.stalled\" AND jsonPayload.claimed=true", label = "stage" }
    "unit.unclaimed"     = { filter = "${local.unclaimed_filter} AND jsonPayload.waited_s>1800", label = "stage" }
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
  filter      = "${local.function_filter} AND ${each.value.filter}"

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

resource "google_logging_metric" "waited" {
  name            = "moodreel/unit.waited_s"
  description     = "How long units have waited that were never claimed."
  filter          = "${local.function_filter} AND ${local.unclaimed_filter}"
  value_extractor = "EXTRACT(jsonPayload.waited_s)"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "s"

    labels {
      key        = "stage"
      value_type = "STRING"
    }
  }

  label_extractors = { stage = "EXTRACT(jsonPayload.stage)" }

  bucket_options {
    # From 60 s to 17 hours.
    exponential_buckets {
      num_finite_buckets = 20
      growth_factor      = 1.4142
      scale              = 60
    }
  }

  depends_on = [google_project_service.used]
}

locals {
  charts = {
    "Requests by response class"   = { filter = local.request_filter, by = "metric.label.response_code_class", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" }
    "Instances"                    = { filter = "metric.type=\"run.googleapis.com/container/instance_count\" AND resource.type=\"cloud_run_revision\"", by = "resource.label.service_name", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM" }
    "Waiting messages"             = { filter = "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND resource.type=\"pubsub_subscription\"", by = "resource.label.subscription_id", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM" }
    "Oldest message, s"            = { filter = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\"", by = "resource.label.subscription_id", aligner = "ALIGN_MAX", reducer = "REDUCE_MAX" }
    "Messages to dead_letter"      = { filter = "metric.type=\"pubsub.googleapis.com/subscription/dead_letter_message_count\" AND resource.type=\"pubsub_subscription\"", by = "resource.label.subscription_id", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" }
    "Request latency, p95, ms"     = { filter = "metric.type=\"run.googleapis.com/request_latencies\" AND resource.type=\"cloud_run_revision\"", by = "resource.label.service_name", aligner = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX" }
    "Memory, p95"                  = { filter = "metric.type=\"run.googleapis.com/container/memory/utilizations\" AND resource.type=\"cloud_run_revision\"", by = "resource.label.service_name", aligner = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX" }
    "Failed units, by stage"       = { filter = local.event_filters["unit.failed"], by = "metric.label.stage", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" }
    "Errors, by function"          = { filter = local.event_filters["errors"], by = "metric.label.function", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" }
    "Stalled units, by stage"      = { filter = local.event_filters["unit.stalled"], by = "metric.label.stage", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" }
    "Wait of unclaimed units, p99" = { filter = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.waited.name}\" AND resource.type=\"cloud_run_revision\"", by = "metric.label.stage", aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX" }
  }
  chart_names = sort(keys(local.charts))
}

resource "google_monitoring_dashboard" "this" {
  dashboard_json = jsonencode({
    displayName = "Moodreel"
    mosaicLayout = {
      columns = 48
      tiles = [
        for index, name in local.chart_names : {
          xPos = index % 2 * 24, yPos = floor(index / 2) * 16, width = 24, height = 16
          widget = {
            title = name
            xyChart = {
              dataSets = [{
                plotType = "LINE"
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = local.charts[name].filter
                    aggregation = {
                      alignmentPeriod    = "300s"
                      perSeriesAligner   = local.charts[name].aligner
                      crossSeriesReducer = local.charts[name].reducer
                      groupByFields      = [local.charts[name].by]
                    }
                  }
                }
              }]
            }
          }
        }
      ]
    }
  })

  depends_on = [google_logging_metric.event]
}
