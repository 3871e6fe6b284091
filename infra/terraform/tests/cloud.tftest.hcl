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
  origins         = ["https://app.example.org"]
  operator_email  = "operator@example.org"
  mail_from       = "Moodreel <noreply@example.org>"
  billing_account = "012345-6789AB-CDEF01"
  repository      = "someone/moodreel"
  packages        = { for name, row in jsondecode(file("pipeline.auto.tfvars.json")).functions : name => "zips/${name}-0123456789abcdef.zip" }

  camera_public_key   = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
  webhook_public_key  = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="
  fetch_public_key    = "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA="
  delivery_public_key = "DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDA="
}

run "cloud" {
  command = apply

  # --- invokers -----------------------------------------------------------------------------

  assert {
    condition     = alltrue([for name in keys(google_cloud_run_v2_service_iam_member.public) : var.functions[name].kind == "https"])
    error_message = "A stage function is public."
  }

  assert {
    condition     = alltrue([for name, function in google_cloudfunctions2_function.this : function.service_config[0].ingress_settings == (var.functions[name].kind == "https" ? "ALLOW_INTERNAL_AND_GCLB" : "ALLOW_INTERNAL_ONLY")])
    error_message = "A function can be reached from outside without the load balancer."
  }

  assert {
    condition     = toset(keys(google_cloud_run_v2_service_iam_member.pusher)) == toset([for name, row in var.functions : name if row.topic != null])
    error_message = "The pusher may not call all event-driven functions, or may call others."
  }

  assert {
    condition     = alltrue([for member in google_cloud_run_v2_service_iam_member.pusher : member.member == google_service_account.pusher.member && member.role == "roles/run.invoker"])
    error_message = "Another account than the pusher may call event-driven functions."
  }

  assert {
    condition     = google_identity_platform_config.this.client[0].permissions[0].disabled_user_signup && google_identity_platform_config.this.client[0].permissions[0].disabled_user_deletion
    error_message = "The public web API key allows creating accounts for any address, or deleting one without an erasure."
  }

  # --- messages -----------------------------------------------------------------------------

  assert {
    condition     = toset(keys(google_pubsub_subscription.this)) == toset(keys(google_pubsub_topic.this)) && length(google_pubsub_subscription.this) == length([for row in values(var.functions) : row if row.topic != null])
    error_message = "A topic has no subscription and would lose messages."
  }

  assert {
    condition     = alltrue([for name, subscription in google_pubsub_subscription.this : subscription.ack_deadline_seconds == var.functions[name].ack_deadline_s && subscription.ack_deadline_seconds <= 600 && subscription.ack_deadline_seconds > var.functions[name].timeout_s])
    error_message = "An ack deadline differs from the table, or is shorter than the function's timeout."
  }

  assert {
    condition     = alltrue([for name, subscription in google_pubsub_subscription.this : length(subscription.dead_letter_policy) == 1 && subscription.dead_letter_policy[0].max_delivery_attempts == var.functions[name].max_delivery_attempts])
    error_message = "A dead-letter policy is missing or differs from the table."
  }

  assert {
    condition     = alltrue([for name, subscription in google_pubsub_subscription.this : subscription.dead_letter_policy[0].dead_letter_topic != google_pubsub_topic.this[name].id])
    error_message = "A topic is its own dead-letter topic."
  }

  assert {
    condition     = alltrue([for name, subscription in google_pubsub_subscription.this : subscription.retry_policy[0].minimum_backoff == "${var.functions[name].backoff_min_s}s" && subscription.retry_policy[0].maximum_backoff == "${var.functions[name].backoff_max_s}s"])
    error_message = "A retry policy differs from the table."
  }

  assert {
    condition     = alltrue([for name, subscription in google_pubsub_subscription.this : subscription.push_config[0].oidc_token[0].service_account_email == google_service_account.pusher.email && subscription.push_config[0].oidc_token[0].audience == google_cloudfunctions2_function.this[name].service_config[0].uri && startswith(subscription.push_config[0].push_endpoint, "${subscription.push_config[0].oidc_token[0].audience}/")])
    error_message = "A push has no token with its function as the audience."
  }

  assert {
    condition     = alltrue([for subscription in concat(values(google_pubsub_subscription.this), [google_pubsub_subscription.unhandled]) : subscription.expiration_policy[0].ttl == ""])
    error_message = "A subscription would expire when it is not used for a month."
  }

  assert {
    condition     = toset(keys(google_pubsub_subscription_iam_member.agent_acknowledges)) == toset(keys(google_pubsub_subscription.this))
    error_message = "Pub/Sub cannot dead-letter without permission to acknowledge."
  }

  assert {
    condition     = alltrue([for name, notification in google_storage_notification.this : join(" ", notification.event_types) == "OBJECT_FINALIZE" && notification.topic == google_pubsub_topic.this[name].id && (var.functions[name].trigger.prefix == "" || notification.object_name_prefix == var.functions[name].trigger.prefix)])
    error_message = "A storage notification differs from the table."
  }

  assert {
    condition     = length(google_storage_notification.this) == length([for row in values(var.functions) : row if row.trigger.kind == "finalize"]) && toset(keys(google_storage_notification.this)) == toset(keys(google_pubsub_topic_iam_member.storage_publishes))
    error_message = "A function with a finalize trigger has no notification, or its bucket may not publish."
  }

  assert {
    condition     = toset(keys(google_cloud_scheduler_job.this)) == toset([for name, row in var.functions : name if row.trigger.kind == "schedule"]) && alltrue([for job in google_cloud_scheduler_job.this : base64decode(job.pubsub_target[0].data) == "{}"])
    error_message = "A scheduler job differs from the table, or has no body."
  }

  # --- functions ----------------------------------------------------------------------------

  assert {
    condition     = toset(keys(google_cloudfunctions2_function.this)) == toset(keys(var.functions))
    error_message = "The functions are not exactly those of the table."
  }

  assert {
    condition     = alltrue([for name, function in google_cloudfunctions2_function.this : function.service_config[0].timeout_seconds == var.functions[name].timeout_s && function.service_config[0].max_instance_request_concurrency == var.functions[name].concurrency && function.service_config[0].available_memory == "${var.functions[name].memory_mb}Mi"])
    error_message = "A timeout, memory size or concurrency differs from the table."
  }

  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.build_config[0].environment_variables["UV_REQUIRE_HASHES"] == "1"])
    error_message = "The build of a function accepts packages without a hash."
  }

  assert {
    condition     = alltrue([for name, function in google_cloudfunctions2_function.this : endswith(function.build_config[0].source[0].storage_source[0].object, basename(var.packages[name]))])
    error_message = "A function is not built from its own package."
  }

  assert {
    condition     = alltrue([for name, function in google_cloudfunctions2_function.this : join(" ", sort([for secret in function.service_config[0].secret_environment_variables : secret.key])) == join(" ", sort([for grant in var.functions[name].grants : grant.name if grant.scope == "secret" && grant.backend == ""]))])
    error_message = "The secrets of a function differ from its row."
  }

  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.service_config[0].environment_variables["MOODREEL_CAMERA_PUBLIC_KEY"] == var.camera_public_key && function.service_config[0].environment_variables["MOODREEL_WEBHOOK_PUBLIC_KEY"] == var.webhook_public_key && function.service_config[0].environment_variables["MOODREEL_FETCH_PUBLIC_KEY"] == var.fetch_public_key && function.service_config[0].environment_variables["MOODREEL_DELIVERY_PUBLIC_KEY"] == var.delivery_public_key])
    error_message = "A function encrypts with another public key."
  }

  assert {
    condition     = toset([for member in google_secret_manager_secret_iam_member.function : member.member if member.secret_id == google_secret_manager_secret.this["CAMERA_KEYS"].id]) == toset([google_service_account.function["recorder"].member]) && toset([for member in google_secret_manager_secret_iam_member.function : member.member if member.secret_id == google_secret_manager_secret.this["WEBHOOK_KEYS"].id]) == toset([google_service_account.function["webhook"].member]) && toset([for member in google_secret_manager_secret_iam_member.function : member.member if member.secret_id == google_secret_manager_secret.this["FETCH_KEYS"].id]) == toset([google_service_account.function["input_fetch"].member]) && toset([for member in google_secret_manager_secret_iam_member.function : member.member if member.secret_id == google_secret_manager_secret.this["DELIVERY_KEYS"].id]) == toset([google_service_account.function["result_delivery"].member])
    error_message = "A private key can be read by another function."
  }

  assert {
    condition     = toset([for member in google_service_account_iam_member.customer_buckets : member.member]) == toset([for name in ["api", "input_fetch", "result_delivery"] : google_service_account.function[name].member]) && alltrue([for member in google_service_account_iam_member.customer_buckets : member.service_account_id == google_service_account.customer_buckets.name])
    error_message = "Another function can act as the account to which users grant access to their buckets."
  }

  assert {
    condition     = alltrue([for member in google_storage_bucket_iam_member.customer_buckets : length(member.condition) == 1]) && toset(keys(google_storage_bucket_iam_member.customer_buckets)) == toset(["outputs", "work"])
    error_message = "The account for buckets of users can access more of this project than results and parts of inputs."
  }

  assert {
    condition     = alltrue([for name, function in google_cloudfunctions2_function.this : lookup(function.service_config[0].environment_variables, "MOODREEL_GEMINI_BACKEND", "") == (contains(local.gemini_functions, name) ? "vertex-ai" : "")]) && length(local.gemini_functions) > 0
    error_message = "A function that calls Gemini has no backend, or another function has one."
  }

  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : length(setintersection(keys(function.service_config[0].environment_variables), ["MOODREEL_LOCAL", "MOODREEL_SIGNER_KEY", "FIRESTORE_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "STORAGE_EMULATOR_HOST"])) == 0])
    error_message = "A function has an emulator variable, which is a vulnerability in the cloud."
  }

  # --- least privilege ----------------------------------------------------------------------

  assert {
    condition     = length(distinct([for function in google_cloudfunctions2_function.this : function.service_config[0].service_account_email])) == length(var.functions)
    error_message = "Two functions share an account."
  }

  assert {
    condition     = alltrue([for member in concat(values(google_project_iam_member.function), values(google_project_iam_member.deployer), values(google_project_iam_member.planner), [google_project_iam_member.tester, google_project_iam_member.builder_logs, google_project_iam_member.builder_reads]) : !contains(["roles/owner", "roles/editor", "roles/viewer"], member.role)])
    error_message = "An account has a basic role on the project."
  }

  assert {
    condition     = alltrue([for member in google_project_iam_member.function : contains(["roles/datastore.user", "roles/cloudtrace.agent", "roles/firebaseauth.viewer", "roles/firebaseauth.admin", "roles/aiplatform.user", "roles/speech.client"], member.role)])
    error_message = "A function has a project role that could be narrower."
  }

  assert {
    condition     = toset([for member in google_project_iam_member.function : member.member if member.role == "roles/aiplatform.user"]) == toset([for name in local.gemini_functions : google_service_account.function[name].member])
    error_message = "The functions with access to Vertex AI are not those that call Gemini."
  }

  assert {
    condition     = toset([for member in google_project_iam_member.function : member.member if member.role == "roles/speech.client"]) == toset([for name in ["api", "speech_recognition"] : google_service_account.function[name].member])
    error_message = "Other functions than speech_recognition, and api for the languages, may call Speech-to-Text."
  }

  assert {
    condition     = contains(keys(google_project_service.used), "aiplatform") && !contains(keys(google_project_service.used), "generativelanguage") && !contains(keys(google_secret_manager_secret.this), "GEMINI_API_KEY")
    error_message = "There is an API key although Vertex AI is used, or Vertex AI is not enabled."
  }

  assert {
    condition = sum([
      length(google_project_iam_member.function), length(google_storage_bucket_iam_member.function),
      length(google_pubsub_topic_iam_member.function), length(google_secret_manager_secret_iam_member.function),
      length(google_service_account_iam_member.function), length(google_service_account_iam_member.customer_buckets),
    ]) == sum([for row in values(var.functions) : length([for grant in row.grants : grant if contains(["", "vertex-ai"], grant.backend)])])
    error_message = "The granted roles differ from the table."
  }

  assert {
    condition     = alltrue([for key, member in google_storage_bucket_iam_member.function : length(member.condition) == (local.grants[key].prefix == "" ? 0 : 1)])
    error_message = "A role on a bucket is not narrowed to its prefix."
  }

  assert {
    condition     = alltrue([for member in google_service_account_iam_member.function : member.role == "roles/iam.serviceAccountTokenCreator"])
    error_message = "A function may act as an account for more than signing URLs."
  }

  # --- buckets ------------------------------------------------------------------------------

  assert {
    condition     = alltrue([for bucket in concat(values(google_storage_bucket.this), [google_storage_bucket.sources, google_storage_bucket.plans]) : bucket.uniform_bucket_level_access && bucket.public_access_prevention == "enforced" && !bucket.force_destroy])
    error_message = "A bucket is public, or can be deleted with its objects."
  }

  assert {
    condition     = alltrue([for role, bucket in google_storage_bucket.this : length(bucket.cors) == (local.storage.buckets[role].cors ? 1 : 0) && alltrue([for rule in bucket.cors : rule.origin == tolist(["https://moodreel.example.org", "https://app.example.org"]) && toset(rule.response_header) == toset(local.storage.cors.responseHeader)])])
    error_message = "A CORS configuration differs from storage.json, or allows another origin."
  }

  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.service_config[0].environment_variables["MOODREEL_ALLOWED_ORIGINS"] == "https://moodreel.example.org,https://app.example.org"])
    error_message = "A function does not allow the configured origins, or allows others."
  }

  assert {
    condition     = alltrue([for row in values(var.functions) : alltrue([for prefix in row.writes : contains(keys(google_storage_bucket.this), prefix.bucket)])])
    error_message = "A function writes to a bucket that does not exist."
  }

  assert {
    condition     = alltrue([for role, bucket in google_storage_bucket.this : alltrue([for prefix, days in local.storage.buckets[role].kept_days : days >= 2 * var.job_retention_days || prefix != ""])])
    error_message = "A lifecycle rule deletes objects before a job that was redriven on its last day expires."
  }

  # --- Firestore ----------------------------------------------------------------------------

  assert {
    condition     = google_firestore_database.default.delete_protection_state == "DELETE_PROTECTION_ENABLED" && google_firestore_database.default.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED"
    error_message = "Firestore can be deleted, or cannot be restored."
  }

  assert {
    condition     = length(google_firestore_index.this) == length(jsondecode(file("../firestore.indexes.json")).indexes) && length(google_firestore_field.this) == length(jsondecode(file("../firestore.indexes.json")).fieldOverrides)
    error_message = "The indexes differ from firestore.indexes.json."
  }

  assert {
    condition     = toset([for key, field in google_firestore_field.this : key if length(field.ttl_config) > 0]) == toset([for override in jsondecode(file("../firestore.indexes.json")).fieldOverrides : "${override.collectionGroup}.${override.fieldPath}" if override.ttl])
    error_message = "The times to live differ from firestore.indexes.json."
  }

  assert {
    condition     = google_firebaserules_ruleset.firestore.source[0].files[0].content == file("../firestore.rules")
    error_message = "The rules differ from firestore.rules, which the emulator tests use."
  }

  # --- one origin ---------------------------------------------------------------------------

  assert {
    condition     = alltrue([for backend in google_compute_backend_service.this : backend.security_policy == google_compute_security_policy.front.id])
    error_message = "A function can be reached without the limit of requests of a client."
  }

  assert {
    condition     = anytrue([for rule in google_compute_security_policy.front.rule : rule.action == "throttle" && join(" ", rule.match[0].config[0].src_ip_ranges) == "*" && rule.rate_limit_options[0].enforce_on_key == "IP" && rule.rate_limit_options[0].exceed_action == "deny(429)" && rule.rate_limit_options[0].rate_limit_threshold[0].count == var.client_requests_per_minute && rule.rate_limit_options[0].rate_limit_threshold[0].interval_sec == 60 && !rule.preview])
    error_message = "The load balancer does not limit the requests of a client address."
  }

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

  # --- request logs -------------------------------------------------------------------------

  assert {
    condition     = toset(regexall("mr-[a-z0-9-]+", google_logging_project_exclusion.requests.filter)) == toset([for name, row in var.functions : google_cloudfunctions2_function.this[name].name if row.kind == "https"]) && !coalesce(google_logging_project_exclusion.requests.disabled, false)
    error_message = "The request logs of an HTTPS function are kept, with the capabilities in its URLs."
  }

  assert {
    condition     = startswith(google_logging_project_exclusion.requests.filter, "logName=\"projects/moodreel-test/logs/run.googleapis.com%2Frequests\" AND resource.type=\"cloud_run_revision\" AND resource.labels.service_name=(\"mr-") && endswith(google_logging_project_exclusion.requests.filter, "\")")
    error_message = "The exclusion covers other logs than those of requests."
  }

  assert {
    condition     = alltrue([for service in google_compute_backend_service.this : !service.log_config[0].enable])
    error_message = "The load balancer logs requests, with the capabilities in their URLs."
  }

  # --- operation ----------------------------------------------------------------------------

  assert {
    condition     = alltrue([for policy in concat(values(google_monitoring_alert_policy.this), [google_monitoring_alert_policy.unreachable]) : contains(policy.notification_channels, google_monitoring_notification_channel.operator.id) && length(policy.documentation[0].content) > 0])
    error_message = "An alert has no recipient or no documentation."
  }

  assert {
    condition     = length(google_billing_budget.this) == 1
    error_message = "There is no budget."
  }

  assert {
    condition     = output.url == "https://moodreel.example.org" && toset(output.secrets) == setsubtract(toset(flatten([for row in values(var.functions) : row.secrets])), ["GEMINI_API_KEY"])
    error_message = "The outputs do not have the URL or the necessary secrets."
  }
}

run "unprotected_project" {
  command = apply

  variables {
    protected       = false
    billing_account = ""
    repository      = ""
  }

  assert {
    condition     = google_firestore_database.default.delete_protection_state == "DELETE_PROTECTION_DISABLED" && alltrue([for bucket in google_storage_bucket.this : bucket.force_destroy]) && length(google_billing_budget.this) == 0 && length(google_cloudbuild_trigger.test) + length(google_cloudbuild_trigger.plan) + length(google_cloudbuild_trigger.apply) == 0
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
    condition     = length([for member in google_project_iam_member.function : member if member.role == "roles/aiplatform.user"]) == 0 && !contains(keys(google_project_service.used), "aiplatform") && contains(keys(google_project_service.used), "generativelanguage")
    error_message = "Vertex AI is enabled or granted although it is not used."
  }

  assert {
    condition     = toset([for name, function in google_cloudfunctions2_function.this : name if contains([for secret in function.service_config[0].secret_environment_variables : secret.key], "GEMINI_API_KEY")]) == local.gemini_functions && contains(output.secrets, "GEMINI_API_KEY")
    error_message = "The functions with the API key are not those that call Gemini."
  }

  assert {
    condition     = alltrue([for name in local.gemini_functions : google_cloudfunctions2_function.this[name].service_config[0].environment_variables["MOODREEL_GEMINI_BACKEND"] == "developer-api" && google_cloudfunctions2_function.this[name].service_config[0].environment_variables["MOODREEL_DECK_MODEL_CLIENT"] == "google-generativeai"])
    error_message = "A function does not have the selected backend or client library."
  }
}

run "pictures_by_gemini" {
  command = apply

  variables {
    illustrator = "gemini"
  }

  assert {
    condition     = alltrue([for name, function in google_cloudfunctions2_function.this : lookup(function.service_config[0].environment_variables, "MOODREEL_ILLUSTRATOR", "") == (contains(local.gemini_functions, name) ? "gemini" : "")])
    error_message = "The functions with an illustrator are not those that call Gemini."
  }
}
