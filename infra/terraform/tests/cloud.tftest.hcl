# Assertions on the whole configuration. They derive function names from the table where possible.
mock_provider "google" {
  mock_data "google_project" {
    defaults = {
      number = "123456789012"
    }
  }
}

variables {
  project_id      = "moodreel-test"
  domain          = "moodreel.example.org"
  operator_email  = "operator@example.org"
  mail_from       = "Moodreel <noreply@example.org>"
  billing_account = "012345-6789AB-CDEF01"
  repository      = "someone/moodreel"
  packages        = { for name, row in jsondecode(file("pipeline.auto.tfvars.json")).functions : name => "zips/${name}-0123456789abcdef.zip" }
}

run "cloud" {
  command = apply

  # --- invokers -----------------------------------------------------------------------------

  assert {
    condition     = alltrue([for name in keys(google_cloud_run_v2_service_iam_member.public) : var.functions[name].kind == "https"])
    error_message = "A stage function is public."
  }

  assert {
    condition     = alltrue([for name, one in google_cloudfunctions2_function.this : one.service_config[0].ingress_settings == (var.functions[name].kind == "https" ? "ALLOW_INTERNAL_AND_GCLB" : "ALLOW_INTERNAL_ONLY")])
    error_message = "A function can be reached from outside without the load balancer."
  }

  assert {
    condition     = toset(keys(google_cloud_run_v2_service_iam_member.pusher)) == toset([for name, row in var.functions : name if row.topic != null])
    error_message = "The pusher may not call all event-driven functions, or may call others."
  }

  assert {
    condition     = alltrue([for one in google_cloud_run_v2_service_iam_member.pusher : one.member == google_service_account.pusher.member && one.role == "roles/run.invoker"])
    error_message = "Another account than the pusher may call event-driven functions."
  }

  assert {
    condition     = google_identity_platform_config.this.client[0].permissions[0].disabled_user_signup && google_identity_platform_config.this.client[0].permissions[0].disabled_user_deletion
    error_message = "The public web API key allows creating accounts for any address, or deleting one without an erasure."
  }

  assert {
    condition     = alltrue([for one in google_cloudfunctions2_function.this : one.service_config[0].environment_variables["MOODREEL_MAIL_VERIFIED_ONLY"] == "1"])
    error_message = "Emails are sent to unconfirmed addresses."
  }

  # --- messages -----------------------------------------------------------------------------

  assert {
    condition     = toset(keys(google_pubsub_subscription.this)) == toset(keys(google_pubsub_topic.this)) && length(google_pubsub_subscription.this) == length([for row in values(var.functions) : row if row.topic != null])
    error_message = "A topic has no subscription and would lose messages."
  }

  assert {
    condition     = alltrue([for name, one in google_pubsub_subscription.this : one.ack_deadline_seconds == var.functions[name].ack_deadline_s && one.ack_deadline_seconds <= 600 && one.ack_deadline_seconds > var.functions[name].timeout_s])
    error_message = "An ack deadline differs from the table, or is shorter than the function's timeout."
  }

  assert {
    condition     = alltrue([for name, one in google_pubsub_subscription.this : length(one.dead_letter_policy) == 1 && one.dead_letter_policy[0].max_delivery_attempts == var.functions[name].max_delivery_attempts])
    error_message = "A dead-letter policy is missing or differs from the table."
  }

  assert {
    condition     = alltrue([for name, one in google_pubsub_subscription.this : one.dead_letter_policy[0].dead_letter_topic != google_pubsub_topic.this[name].id])
    error_message = "A topic is its own dead-letter topic."
  }

  assert {
    condition     = alltrue([for name, one in google_pubsub_subscription.this : one.retry_policy[0].minimum_backoff == "${var.functions[name].backoff_min_s}s" && one.retry_policy[0].maximum_backoff == "${var.functions[name].backoff_max_s}s"])
    error_message = "A retry policy differs from the table."
  }

  assert {
    condition     = alltrue([for name, one in google_pubsub_subscription.this : one.push_config[0].oidc_token[0].service_account_email == google_service_account.pusher.email && one.push_config[0].oidc_token[0].audience == google_cloudfunctions2_function.this[name].service_config[0].uri && startswith(one.push_config[0].push_endpoint, "${one.push_config[0].oidc_token[0].audience}/")])
    error_message = "A push has no token with its function as the audience."
  }

  assert {
    condition     = alltrue([for one in concat(values(google_pubsub_subscription.this), [google_pubsub_subscription.kept_for_people]) : one.expiration_policy[0].ttl == ""])
    error_message = "A subscription would expire when it is not used for a month."
  }

  assert {
    condition     = toset(keys(google_pubsub_subscription_iam_member.agent_acknowledges)) == toset(keys(google_pubsub_subscription.this))
    error_message = "Pub/Sub cannot dead-letter without permission to acknowledge."
  }

  assert {
    condition     = alltrue([for name, one in google_storage_notification.this : join(" ", one.event_types) == "OBJECT_FINALIZE" && one.topic == google_pubsub_topic.this[name].id && (var.functions[name].trigger.prefix == "" || one.object_name_prefix == var.functions[name].trigger.prefix)])
    error_message = "A storage notification differs from the table."
  }

  assert {
    condition     = length(google_storage_notification.this) == length([for row in values(var.functions) : row if row.trigger.kind == "finalize"]) && toset(keys(google_storage_notification.this)) == toset(keys(google_pubsub_topic_iam_member.storage_publishes))
    error_message = "A function with a finalize trigger has no notification, or its bucket may not publish."
  }

  assert {
    condition     = toset(keys(google_cloud_scheduler_job.this)) == toset([for name, row in var.functions : name if row.trigger.kind == "schedule"]) && alltrue([for one in google_cloud_scheduler_job.this : base64decode(one.pubsub_target[0].data) == "{}"])
    error_message = "A scheduler job differs from the table, or has no body."
  }

  # --- functions ----------------------------------------------------------------------------

  assert {
    condition     = toset(keys(google_cloudfunctions2_function.this)) == toset(keys(var.functions))
    error_message = "The functions are not exactly those of the table."
  }

  assert {
    condition     = alltrue([for name, one in google_cloudfunctions2_function.this : one.service_config[0].timeout_seconds == var.functions[name].timeout_s && one.service_config[0].max_instance_request_concurrency == var.functions[name].concurrency && one.service_config[0].available_memory == "${var.functions[name].memory_mb}Mi"])
    error_message = "A timeout, memory size or concurrency differs from the table."
  }

  assert {
    condition     = alltrue([for one in google_cloudfunctions2_function.this : one.build_config[0].environment_variables["UV_REQUIRE_HASHES"] == "1"])
    error_message = "The build of a function accepts packages without a hash."
  }

  assert {
    condition     = alltrue([for name, one in google_cloudfunctions2_function.this : endswith(one.build_config[0].source[0].storage_source[0].object, basename(var.packages[name]))])
    error_message = "A function is not built from its own package."
  }

  assert {
    condition     = alltrue([for name, one in google_cloudfunctions2_function.this : join(" ", sort([for secret in one.service_config[0].secret_environment_variables : secret.key])) == join(" ", sort([for grant in var.functions[name].grants : grant.name if grant.scope == "secret" && grant.backend == ""]))])
    error_message = "The secrets of a function differ from its row."
  }

  assert {
    condition     = alltrue([for name, one in google_cloudfunctions2_function.this : lookup(one.service_config[0].environment_variables, "MOODREEL_GEMINI_BACKEND", "") == (contains(local.asks_gemini, name) ? "vertex-ai" : "")]) && length(local.asks_gemini) > 0
    error_message = "A function that calls Gemini has no backend, or another function has one."
  }

  assert {
    condition     = alltrue([for one in google_cloudfunctions2_function.this : length(setintersection(keys(one.service_config[0].environment_variables), ["MOODREEL_LOCAL", "MOODREEL_SIGNER_KEY", "FIRESTORE_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "STORAGE_EMULATOR_HOST"])) == 0])
    error_message = "A function has an emulator variable, which is a vulnerability in the cloud."
  }

  # --- least privilege ----------------------------------------------------------------------

  assert {
    condition     = length(distinct([for one in google_cloudfunctions2_function.this : one.service_config[0].service_account_email])) == length(var.functions)
    error_message = "Two functions share an account."
  }

  assert {
    condition     = alltrue([for one in concat(values(google_project_iam_member.function), values(google_project_iam_member.deployer), [google_project_iam_member.builder_logs, google_project_iam_member.builder_reads]) : !contains(["roles/owner", "roles/editor", "roles/viewer"], one.role)])
    error_message = "An account has a basic role on the project."
  }

  assert {
    condition     = alltrue([for one in google_project_iam_member.function : contains(["roles/datastore.user", "roles/cloudtrace.agent", "roles/firebaseauth.viewer", "roles/firebaseauth.admin", "roles/aiplatform.user"], one.role)])
    error_message = "A function has a project role that could be narrower."
  }

  assert {
    condition     = toset([for one in google_project_iam_member.function : one.member if one.role == "roles/aiplatform.user"]) == toset([for name in local.asks_gemini : google_service_account.function[name].member])
    error_message = "The functions with access to Vertex AI are not those that call Gemini."
  }

  assert {
    condition     = contains(keys(google_project_service.used), "aiplatform") && !contains(keys(google_project_service.used), "generativelanguage") && !contains(keys(google_secret_manager_secret.this), "GEMINI_API_KEY")
    error_message = "There is an API key although Vertex AI is used, or Vertex AI is not enabled."
  }

  assert {
    condition = sum([
      length(google_project_iam_member.function), length(google_storage_bucket_iam_member.function),
      length(google_pubsub_topic_iam_member.function), length(google_secret_manager_secret_iam_member.function),
      length(google_service_account_iam_member.function),
    ]) == sum([for row in values(var.functions) : length([for one in row.grants : one if contains(["", "vertex-ai"], one.backend)])])
    error_message = "The granted roles differ from the table."
  }

  assert {
    condition     = alltrue([for key, one in google_storage_bucket_iam_member.function : length(one.condition) == (local.grants[key].prefix == "" ? 0 : 1)])
    error_message = "A role on a bucket is not narrowed to its prefix."
  }

  assert {
    condition     = alltrue([for one in google_service_account_iam_member.function : one.role == "roles/iam.serviceAccountTokenCreator"])
    error_message = "A function may act as an account for more than signing URLs."
  }

  # --- buckets ------------------------------------------------------------------------------

  assert {
    condition     = alltrue([for one in concat(values(google_storage_bucket.this), [google_storage_bucket.sources]) : one.uniform_bucket_level_access && one.public_access_prevention == "enforced" && !one.force_destroy])
    error_message = "A bucket is public, or can be deleted with its objects."
  }

  assert {
    condition     = alltrue([for role, one in google_storage_bucket.this : length(one.cors) == (local.storage.buckets[role].cors ? 1 : 0) && alltrue([for rule in one.cors : rule.origin == tolist(["https://moodreel.example.org"]) && toset(rule.response_header) == toset(local.storage.cors.responseHeader)])])
    error_message = "A CORS configuration differs from storage.json, or allows another origin."
  }

  assert {
    condition     = alltrue([for row in values(var.functions) : alltrue([for place in row.writes : contains(keys(google_storage_bucket.this), place.bucket)])])
    error_message = "A function writes to a bucket that does not exist."
  }

  assert {
    condition     = alltrue([for role, one in google_storage_bucket.this : alltrue([for prefix, days in local.storage.buckets[role].kept_days : days >= 2 * var.job_retention_days || prefix != ""])])
    error_message = "A lifecycle rule deletes objects before a job that was redriven on its last day expires."
  }

  # --- Firestore ----------------------------------------------------------------------------

  assert {
    condition     = google_firestore_database.ledger.delete_protection_state == "DELETE_PROTECTION_ENABLED" && google_firestore_database.ledger.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED"
    error_message = "Firestore can be deleted, or cannot be restored."
  }

  assert {
    condition     = length(google_firestore_index.this) == length(jsondecode(file("../firestore.indexes.json")).indexes) && length(google_firestore_field.this) == length(jsondecode(file("../firestore.indexes.json")).fieldOverrides)
    error_message = "The indexes differ from firestore.indexes.json."
  }

  assert {
    condition     = toset([for key, one in google_firestore_field.this : key if length(one.ttl_config) > 0]) == toset([for one in jsondecode(file("../firestore.indexes.json")).fieldOverrides : "${one.collectionGroup}.${one.fieldPath}" if one.ttl])
    error_message = "The times to live differ from firestore.indexes.json."
  }

  assert {
    condition     = google_firebaserules_ruleset.ledger.source[0].files[0].content == file("../firestore.rules")
    error_message = "The rules differ from firestore.rules, which the emulator tests use."
  }

  # --- one origin ---------------------------------------------------------------------------

  assert {
    condition     = toset(keys(google_compute_backend_service.this)) == toset([for name, row in var.functions : name if row.kind == "https"])
    error_message = "The backends of the load balancer are not exactly the HTTPS functions."
  }

  assert {
    condition     = length(flatten([for row in values(var.functions) : row.paths])) == length(distinct(flatten([for row in values(var.functions) : row.paths])))
    error_message = "Two functions have the same path."
  }

  assert {
    condition     = google_compute_url_map.to_https.default_url_redirect[0].https_redirect
    error_message = "HTTP is not redirected to HTTPS."
  }

  # --- operation ----------------------------------------------------------------------------

  assert {
    condition     = alltrue([for one in concat(values(google_monitoring_alert_policy.this), [google_monitoring_alert_policy.unreachable]) : contains(one.notification_channels, google_monitoring_notification_channel.operator.id) && length(one.documentation[0].content) > 0])
    error_message = "An alert has no recipient or no documentation."
  }

  assert {
    condition     = length(google_billing_budget.this) == 1 && google_cloudbuild_trigger.main["someone/moodreel"].service_account == google_service_account.deployer.id && google_cloudbuild_trigger.main["someone/moodreel"].approval_config[0].approval_required
    error_message = "There is no budget, or deployment has no account of its own or no approval."
  }

  assert {
    condition     = output.url == "https://moodreel.example.org" && toset(output.secrets) == setsubtract(toset(flatten([for row in values(var.functions) : row.secrets])), ["GEMINI_API_KEY"])
    error_message = "The outputs do not have the URL or the necessary secrets."
  }
}

run "a_project_for_trials" {
  command = apply

  variables {
    protected       = false
    billing_account = ""
    repository      = ""
  }

  assert {
    condition     = google_firestore_database.ledger.delete_protection_state == "DELETE_PROTECTION_DISABLED" && alltrue([for one in google_storage_bucket.this : one.force_destroy]) && length(google_billing_budget.this) == 0 && length(google_cloudbuild_trigger.main) == 0
    error_message = "A test project cannot be deleted, or has a budget or a build trigger."
  }
}

run "gemini_with_an_api_key" {
  command = apply

  variables {
    gemini_backend = "developer-api"
    gemini_client  = "google-generativeai"
  }

  assert {
    condition     = length([for one in google_project_iam_member.function : one if one.role == "roles/aiplatform.user"]) == 0 && !contains(keys(google_project_service.used), "aiplatform") && contains(keys(google_project_service.used), "generativelanguage")
    error_message = "Vertex AI is enabled or granted although it is not used."
  }

  assert {
    condition     = toset([for name, one in google_cloudfunctions2_function.this : name if contains([for secret in one.service_config[0].secret_environment_variables : secret.key], "GEMINI_API_KEY")]) == local.asks_gemini && contains(output.secrets, "GEMINI_API_KEY")
    error_message = "The functions with the API key are not those that call Gemini."
  }

  assert {
    condition     = alltrue([for name in local.asks_gemini : google_cloudfunctions2_function.this[name].service_config[0].environment_variables["MOODREEL_GEMINI_BACKEND"] == "developer-api" && google_cloudfunctions2_function.this[name].service_config[0].environment_variables["MOODREEL_DECK_MODEL_CLIENT"] == "google-generativeai"])
    error_message = "A function does not have the selected backend or client library."
  }
}
