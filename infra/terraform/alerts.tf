# Alerts for the operator. Each alert email contains the documentation of its policy, which names a
# section of RUNBOOK.md. Emails about the budget are Google's own.
resource "google_monitoring_notification_channel" "operator" {
  display_name = "Moodreel: operator"
  type         = "email"
  labels       = { email_address = var.operator_email }

  depends_on = [google_project_service.used]
}

locals {
  event_filters  = { for name in keys(local.events) : name => "metric.type=\"logging.googleapis.com/user/moodreel/${name}\" AND resource.type=\"cloud_run_revision\"" }
  request_filter = "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND resource.labels.service_name=monitoring.regex.full_match(\"mr-.*\")"

  alerts = {
    dead_letters = {
      title         = "A message could not be handled"
      filter        = "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${google_pubsub_subscription.unhandled.name}\""
      threshold     = 0
      duration      = "0s"
      aligner       = "ALIGN_MAX"
      severity      = "ERROR"
      documentation = "dead_letter could not handle a message. See RUNBOOK.md, *Dead letters*."
    }
    backlog = {
      title         = "Messages wait for more than half an hour"
      filter        = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=monitoring.regex.full_match(\"moodreel-.*\") AND resource.labels.subscription_id!=\"${google_pubsub_subscription.unhandled.name}\""
      threshold     = 1800
      duration      = "300s"
      aligner       = "ALIGN_MAX"
      severity      = "WARNING"
      documentation = "A stage is slower than its input, or fails repeatedly. See RUNBOOK.md, *Stuck jobs*."
    }
    unclaimed_units = {
      title         = "Units wait for more than half an hour"
      filter        = local.event_filters["unit.unclaimed"]
      threshold     = 0
      duration      = "0s"
      aligner       = "ALIGN_SUM"
      severity      = "WARNING"
      documentation = "No worker has claimed a unit of a running job for more than half an hour. It does not fail by waiting. See RUNBOOK.md, *Backlogs and queues*."
    }
    stuck_jobs = {
      title         = "Units make no progress"
      filter        = local.event_filters["unit.stalled"]
      threshold     = 20
      duration      = "0s"
      aligner       = "ALIGN_SUM"
      severity      = "WARNING"
      documentation = "More than 20 units that were claimed before made no progress within ten minutes, and the sweeper published their messages again. See RUNBOOK.md, *Stuck jobs*."
    }
    unreadable_job = {
      title         = "The sweeper cannot read a job"
      filter        = local.event_filters["job.sweep_failed"]
      threshold     = 0
      duration      = "0s"
      aligner       = "ALIGN_SUM"
      severity      = "WARNING"
      documentation = "A job's documents cannot be read. See RUNBOOK.md, *Stuck jobs*."
    }
    orphans = {
      title         = "The sweeper found too many orphans"
      filter        = local.event_filters["orphans.too_many"]
      threshold     = 0
      duration      = "0s"
      aligner       = "ALIGN_SUM"
      severity      = "ERROR"
      documentation = "A large share of a bucket belongs to no job. A restored, emptied or wrong Firestore database has this effect. Nothing was removed. See RUNBOOK.md, *Orphans*."
    }
    errors = {
      title         = "Functions log errors"
      filter        = local.event_filters["errors"]
      threshold     = 5
      duration      = "0s"
      aligner       = "ALIGN_SUM"
      severity      = "WARNING"
      documentation = "More than five errors in ten minutes. Logs Explorer: severity>=ERROR, by jsonPayload.function. See RUNBOOK.md, *Errors*."
    }
    failing_requests = {
      title         = "The API returns server errors"
      filter        = "${local.request_filter} AND metric.labels.response_code_class=\"5xx\" AND resource.labels.service_name=one_of(${join(",", [for name in keys(local.https_functions) : "\"${local.function_names[name]}\""])})"
      threshold     = 5
      duration      = "300s"
      aligner       = "ALIGN_SUM"
      severity      = "ERROR"
      documentation = "More than five 5xx responses in ten minutes. Their request ids are in the logs: jsonPayload.message=\"request.failed\". See RUNBOOK.md, *Failing requests*."
    }
  }
}

resource "google_monitoring_alert_policy" "this" {
  for_each = local.alerts

  display_name          = "Moodreel: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = [google_monitoring_notification_channel.operator.id]

  conditions {
    display_name = each.value.title

    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.threshold
      duration        = each.value.duration

      aggregations {
        alignment_period     = "600s"
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.aligner == "ALIGN_MAX" ? "REDUCE_MAX" : "REDUCE_SUM"
      }
    }
  }

  documentation {
    content   = each.value.documentation
    mime_type = "text/markdown"
  }

  alert_strategy {
    auto_close = "86400s"
  }

  depends_on = [google_logging_metric.event]
}

# Requests the API from outside the project.
resource "google_monitoring_uptime_check_config" "front" {
  display_name = "Moodreel: API health"
  timeout      = "10s"
  period       = "300s"

  http_check {
    path         = "/healthz"
    port         = 443
    use_ssl      = true
    validate_ssl = true
  }

  monitored_resource {
    type   = "uptime_url"
    labels = { project_id = var.project_id, host = var.domain }
  }

  depends_on = [google_project_service.used]
}

resource "google_monitoring_alert_policy" "unreachable" {
  display_name          = "Moodreel: not reachable"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = [google_monitoring_notification_channel.operator.id]

  conditions {
    display_name = "The API does not respond"

    condition_threshold {
      filter          = "metric.type=\"monitoring.googleapis.com/uptime_check/check_passed\" AND resource.type=\"uptime_url\" AND metric.labels.check_id=\"${google_monitoring_uptime_check_config.front.uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "600s"

      aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.label.host"]
      }
    }
  }

  documentation {
    content   = "https://${var.domain}/healthz did not respond to requests from more than one location for ten minutes. See RUNBOOK.md, *Not reachable*."
    mime_type = "text/markdown"
  }
}

resource "google_billing_budget" "this" {
  for_each = var.billing_account == "" ? [] : toset([var.billing_account])

  billing_account = each.value
  display_name    = "Moodreel ${var.project_id}"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  amount {
    specified_amount {
      units = tostring(var.monthly_budget)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1]

    content {
      threshold_percent = threshold_rules.value
    }
  }

  # The forecast shows a loop on its first day, not at the end of the month.
  threshold_rules {
    threshold_percent = 1
    spend_basis       = "FORECASTED_SPEND"
  }

  all_updates_rule {
    monitoring_notification_channels = [google_monitoring_notification_channel.operator.id]
    disable_default_iam_recipients   = false
  }
}
