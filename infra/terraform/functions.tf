# The name of a zip contains a hash of its content: an unchanged function is not deployed again, and
# earlier zips remain for a rollback.
resource "google_storage_bucket" "sources" {
  # checkov:skip=CKV_GCP_62: Usage logs would store who reads which object without anybody using them; audit logs cover administration.
  name                        = "${var.project_id}-sources"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.protected

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      num_newer_versions = 3
      with_state         = "ARCHIVED"
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_storage_bucket_object" "package" {
  for_each = var.functions

  bucket = google_storage_bucket.sources.name
  name   = "functions/${basename(lookup(var.packages, each.key, "none"))}"
  source = "${local.root}/${lookup(var.packages, each.key, "none")}"
  # A replaced zip is kept: the deployed revision may have been built from it.
  deletion_policy = "ABANDON"

  lifecycle {
    precondition {
      condition     = contains(keys(var.packages), each.key)
      error_message = "The package of ${each.key} is missing: run python -m infra.tools.package."
    }
  }
}

resource "google_artifact_registry_repository" "images" {
  # checkov:skip=CKV_GCP_84: The images contain the project's code, which is not secret; Google encrypts them with its keys.
  location      = var.region
  repository_id = "moodreel"
  format        = "DOCKER"
  description   = "Images of the functions, built by Cloud Build."

  cleanup_policies {
    id     = "keep-the-last-ones"
    action = "KEEP"

    most_recent_versions {
      keep_count = 5
    }
  }

  cleanup_policies {
    id     = "delete-old-ones"
    action = "DELETE"

    condition {
      older_than = "2592000s"
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_cloudfunctions2_function" "this" {
  for_each = var.functions

  name        = local.function_names[each.key]
  location    = var.region
  description = "Moodreel: ${each.key}"
  labels      = { app = "moodreel", stage = each.key }

  build_config {
    runtime           = "python314"
    entry_point       = "main"
    service_account   = google_service_account.builder.id
    docker_repository = google_artifact_registry_repository.images.id
    # From Python 3.14 on the buildpack installs with uv, which accepts missing hashes by default.
    environment_variables = { UV_REQUIRE_HASHES = "1" }

    source {
      storage_source {
        bucket = google_storage_bucket_object.package[each.key].bucket
        object = google_storage_bucket_object.package[each.key].name
      }
    }
  }

  service_config {
    available_memory                 = "${each.value.memory_mb}Mi"
    available_cpu                    = tostring(each.value.cpu)
    timeout_seconds                  = each.value.timeout_s
    max_instance_request_concurrency = each.value.concurrency
    min_instance_count               = 0
    max_instance_count               = var.max_instances
    service_account_email            = google_service_account.function[each.key].email
    all_traffic_on_latest_revision   = true
    # Pushes come from inside the project, users through the load balancer only.
    ingress_settings = each.value.topic == null ? "ALLOW_INTERNAL_AND_GCLB" : "ALLOW_INTERNAL_ONLY"

    environment_variables = merge(
      var.settings,
      {
        MOODREEL_PROJECT            = var.project_id
        MOODREEL_PUBLIC_URL         = "https://${var.domain}"
        MOODREEL_ALLOWED_ORIGINS    = join(",", local.origins)
        MOODREEL_MAIL_FROM          = var.mail_from
        MOODREEL_JOB_RETENTION_DAYS = tostring(var.job_retention_days)
        # The age of the oldest backup, see firestore.tf.
        MOODREEL_BACKUP_RETENTION_DAYS = "14"
        # Each instance takes its share of the calls per minute of Gemini and Text-to-Speech.
        MOODREEL_MAX_INSTANCES = tostring(var.max_instances)
        # The load balancer appends its own address after the client's.
        MOODREEL_TRUSTED_PROXIES = "2"

        # Everyone may encrypt; the private keys are secrets of one function each.
        MOODREEL_CAMERA_PUBLIC_KEY   = var.camera_public_key
        MOODREEL_WEBHOOK_PUBLIC_KEY  = var.webhook_public_key
        MOODREEL_FETCH_PUBLIC_KEY    = var.fetch_public_key
        MOODREEL_DELIVERY_PUBLIC_KEY = var.delivery_public_key

        MOODREEL_CUSTOMER_BUCKETS_ACCOUNT = google_service_account.customer_buckets.email

        MOODREEL_WEB_API_KEY = google_apikeys_key.web.key_string
        MOODREEL_TRACES      = "cloud"
        GOOGLE_CLOUD_PROJECT = var.project_id
        THREADS              = tostring(each.value.concurrency)
      },
      { for role, name in local.buckets : "MOODREEL_BUCKET_${upper(role)}" => name },
      {
        for name, value in {
          MOODREEL_GEMINI_BACKEND    = var.gemini_backend
          MOODREEL_VERTEX_LOCATION   = var.gemini_location
          MOODREEL_DECK_MODEL_CLIENT = var.gemini_client
          MOODREEL_ILLUSTRATOR       = var.illustrator
        } : name => value if contains(local.gemini_functions, each.key) && value != ""
      },
    )

    dynamic "secret_environment_variables" {
      for_each = toset(local.secrets_of[each.key])

      content {
        key        = secret_environment_variables.value
        project_id = var.project_id
        secret     = google_secret_manager_secret.this[secret_environment_variables.value].secret_id
        version    = "latest"
      }
    }
  }

  depends_on = [
    google_project_service.used,
    google_project_iam_member.builder_logs,
    google_project_iam_member.builder_reads,
    google_artifact_registry_repository_iam_member.builder_writes,
    google_secret_manager_secret_iam_member.function,
  ]

  lifecycle {
    # The secrets are created before the keys, so the variables have a default.
    precondition {
      condition     = length(toset(compact([var.camera_public_key, var.webhook_public_key, var.fetch_public_key, var.delivery_public_key]))) == 4
      error_message = "Set camera_public_key, webhook_public_key, fetch_public_key and delivery_public_key to four different keys: DEPLOY.md, step 5."
    }
  }
}

# Invokers: Pub/Sub's pusher for event-driven functions, everyone for HTTPS functions. These check
# identity themselves, and only the load balancer reaches them.
resource "google_cloud_run_v2_service_iam_member" "pusher" {
  for_each = local.event_functions

  location = var.region
  name     = google_cloudfunctions2_function.this[each.key].name
  role     = "roles/run.invoker"
  member   = google_service_account.pusher.member
}

resource "google_cloud_run_v2_service_iam_member" "public" {
  for_each = local.https_functions

  location = var.region
  name     = google_cloudfunctions2_function.this[each.key].name
  role     = "roles/run.invoker"
  member   = "allUsers"

  # No request is logged before its URL is excluded.
  depends_on = [google_logging_project_exclusion.requests]
}

# Cloud Run logs every request with its whole URL, and URLs contain capabilities (share links). The
# functions log requests themselves, with the route instead of the path. The exclusion is one of the
# project's _Default sink; a sink that someone adds needs its own.
resource "google_logging_project_exclusion" "requests" {
  name        = "moodreel-requests"
  description = "Request logs of the HTTPS functions: their URLs contain capabilities."
  filter = join(" AND ", [
    "logName=\"projects/${var.project_id}/logs/run.googleapis.com%2Frequests\"",
    "resource.type=\"cloud_run_revision\"",
    "resource.labels.service_name=(${join(" OR ", [for name in keys(local.https_functions) : jsonencode(local.function_names[name])])})",
  ])

  depends_on = [google_project_service.used]
}
