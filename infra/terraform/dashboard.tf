# One dashboard: requests, backlog, failures, latency.
locals {
  charts = {
    "Requests by response class"   = { filter = local.of_requests, by = "metric.label.response_code_class", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" }
    "Instances"                    = { filter = "metric.type=\"run.googleapis.com/container/instance_count\" AND resource.type=\"cloud_run_revision\"", by = "resource.label.service_name", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM" }
    "Waiting messages"             = { filter = "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND resource.type=\"pubsub_subscription\"", by = "resource.label.subscription_id", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM" }
    "Oldest message, s"            = { filter = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\"", by = "resource.label.subscription_id", aligner = "ALIGN_MAX", reducer = "REDUCE_MAX" }
    "Messages to dead_letter"      = { filter = "metric.type=\"pubsub.googleapis.com/subscription/dead_letter_message_count\" AND resource.type=\"pubsub_subscription\"", by = "resource.label.subscription_id", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" }
    "Request latency, p95, ms"     = { filter = "metric.type=\"run.googleapis.com/request_latencies\" AND resource.type=\"cloud_run_revision\"", by = "resource.label.service_name", aligner = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX" }
    "Memory, p95"                  = { filter = "metric.type=\"run.googleapis.com/container/memory/utilizations\" AND resource.type=\"cloud_run_revision\"", by = "resource.label.service_name", aligner = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX" }
    "Failed units, by stage"       = { filter = local.of_event["unit.failed"], by = "metric.label.stage", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" }
    "Errors, by function"          = { filter = local.of_event["errors"], by = "metric.label.function", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" }
    "Stalled jobs announced again" = { filter = local.of_event["job.stalled"], by = "resource.label.service_name", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM" }
  }
  chart_names = sort(keys(local.charts))
}

resource "google_monitoring_dashboard" "this" {
  dashboard_json = jsonencode({
    displayName = "Moodreel"
    mosaicLayout = {
      columns = 48
      tiles = [
        for at, name in local.chart_names : {
          xPos = at % 2 * 24, yPos = floor(at / 2) * 16, width = 24, height = 16
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
