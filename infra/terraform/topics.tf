# One topic and one push subscription per event-driven function, from the function table.
resource "google_pubsub_topic" "this" {
  # checkov:skip=CKV_GCP_83: Messages contain references and never media, text or email addresses; losing a customer-managed key would stop the pipeline.
  for_each = local.event_functions

  name = each.value.topic
  # For redrives by an operator: gcloud pubsub subscriptions seek.
  message_retention_duration = "86400s"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_project_service.used]
}

resource "google_pubsub_subscription" "this" {
  for_each = local.event_functions

  name                       = each.value.topic
  topic                      = google_pubsub_topic.this[each.key].id
  ack_deadline_seconds       = each.value.ack_deadline_s
  message_retention_duration = "604800s"

  expiration_policy {
    ttl = "" # never
  }

  retry_policy {
    minimum_backoff = "${each.value.backoff_min_s}s"
    maximum_backoff = "${each.value.backoff_max_s}s"
  }

  push_config {
    # The functions framework reads the topic from the path.
    push_endpoint = "${google_cloudfunctions2_function.this[each.key].service_config[0].uri}/${google_pubsub_topic.this[each.key].id}"

    oidc_token {
      service_account_email = google_service_account.pusher.email
      audience              = google_cloudfunctions2_function.this[each.key].service_config[0].uri
    }
  }

  dead_letter_policy {
    dead_letter_topic     = each.key == local.dead_letter_function ? google_pubsub_topic.unhandled.id : google_pubsub_topic.this[local.dead_letter_function].id
    max_delivery_attempts = each.value.max_delivery_attempts
  }

  depends_on = [google_cloud_run_v2_service_iam_member.pusher]
}

# Messages that dead_letter could not handle. An operator reads them: see RUNBOOK.md, *Dead letters*.
resource "google_pubsub_topic" "unhandled" {
  # checkov:skip=CKV_GCP_83: Messages contain references and never media, text or email addresses; losing a customer-managed key would stop the pipeline.
  name                       = "moodreel-unhandled"
  message_retention_duration = "2678400s"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_project_service.used]
}

resource "google_pubsub_subscription" "unhandled" {
  name                       = "moodreel-unhandled"
  topic                      = google_pubsub_topic.unhandled.id
  ack_deadline_seconds       = 600
  message_retention_duration = "2678400s"
  retain_acked_messages      = true

  expiration_policy {
    ttl = ""
  }
}

# Pub/Sub's service agent dead-letters messages: it publishes to one topic and acknowledges the other.
resource "google_pubsub_topic_iam_member" "agent_publishes" {
  for_each = {
    (local.dead_letter_function) = google_pubsub_topic.this[local.dead_letter_function].name
    unhandled                    = google_pubsub_topic.unhandled.name
  }

  topic  = each.value
  role   = "roles/pubsub.publisher"
  member = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "agent_acknowledges" {
  for_each = local.event_functions

  subscription = google_pubsub_subscription.this[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

# Cloud Storage publishes a message for each finalized object.
resource "google_pubsub_topic_iam_member" "storage_publishes" {
  for_each = local.storage_functions

  topic  = google_pubsub_topic.this[each.key].name
  role   = "roles/pubsub.publisher"
  member = local.storage_agent
}

resource "google_storage_notification" "this" {
  for_each = local.storage_functions

  bucket             = google_storage_bucket.this[each.value.trigger.bucket].name
  topic              = google_pubsub_topic.this[each.key].id
  payload_format     = "JSON_API_V1"
  event_types        = ["OBJECT_FINALIZE"]
  object_name_prefix = each.value.trigger.prefix == "" ? null : each.value.trigger.prefix

  depends_on = [google_pubsub_topic_iam_member.storage_publishes]
}

# Scheduled functions.
resource "google_cloud_scheduler_job" "this" {
  for_each = local.scheduled_functions

  name      = local.function_names[each.key]
  region    = var.region
  schedule  = each.value.trigger.every_s == 60 ? "* * * * *" : "*/${floor(each.value.trigger.every_s / 60)} * * * *"
  time_zone = "Etc/UTC"

  pubsub_target {
    topic_name = google_pubsub_topic.this[each.key].id
    # The function rejects a push without a body.
    data       = base64encode("{}")
    attributes = { scheduled = each.key }
  }

  lifecycle {
    precondition {
      condition     = each.value.trigger.every_s % 60 == 0 && each.value.trigger.every_s <= 3600
      error_message = "Cloud Scheduler supports whole minutes only."
    }
  }

  depends_on = [google_project_service.used]
}
