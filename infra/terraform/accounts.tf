# One service account per function with exactly the roles of its row in the function table, one for
# pushes, one for builds. The secrets, and who can read them.
resource "google_service_account" "function" {
  for_each = var.functions

  account_id   = each.value.service_account
  display_name = "Moodreel: ${each.key}"
}

resource "google_service_account" "pusher" {
  account_id   = "mr-pusher"
  display_name = "Moodreel: pushes messages to functions"
}

resource "google_service_account" "builder" {
  account_id   = "mr-builder"
  display_name = "Moodreel: builds functions' images"
}

resource "google_project_iam_member" "function" {
  for_each = { for key, grant in local.grants : key => grant if grant.scope == "project" }

  project = var.project_id
  role    = each.value.role
  member  = google_service_account.function[each.value.function].member
}

resource "google_storage_bucket_iam_member" "function" {
  for_each = { for key, grant in local.grants : key => grant if grant.scope == "bucket" }

  bucket = google_storage_bucket.this[each.value.name].name
  role   = each.value.role
  member = google_service_account.function[each.value.function].member

  dynamic "condition" {
    for_each = each.value.prefix == "" ? [] : [each.value.prefix]

    content {
      title      = "only-${trimsuffix(condition.value, "/")}"
      expression = "resource.name.startsWith(\"projects/_/buckets/${local.buckets[each.value.name]}/objects/${condition.value}\")"
    }
  }
}

resource "google_pubsub_topic_iam_member" "function" {
  for_each = { for key, grant in local.grants : key => grant if grant.scope == "topic" }

  topic  = each.value.name
  role   = each.value.role
  member = google_service_account.function[each.value.function].member

  depends_on = [google_pubsub_topic.this]
}

resource "google_secret_manager_secret_iam_member" "function" {
  for_each = { for key, grant in local.grants : key => grant if grant.scope == "secret" }

  secret_id = google_secret_manager_secret.this[each.value.name].id
  role      = each.value.role
  member    = google_service_account.function[each.value.function].member
}

# Lets a function sign URLs with its own account (signBlob), without a key file.
resource "google_service_account_iam_member" "function" {
  for_each = { for key, grant in local.grants : key => grant if grant.scope == "self" }

  service_account_id = google_service_account.function[each.value.function].name
  role               = each.value.role
  member             = google_service_account.function[each.value.function].member
}

# Accesses buckets of users, who grant it access to them. It belongs to no function: some functions
# act as it, and none of their own accounts has access to a bucket of a user. In this project it may
# only read results, and store parts of inputs.
resource "google_service_account" "customer_buckets" {
  account_id   = "mr-customer-buckets"
  display_name = "Moodreel: copies from and to buckets of users"
}

resource "google_service_account_iam_member" "customer_buckets" {
  for_each = { for key, grant in local.grants : key => grant if grant.scope == "customer_buckets" }

  service_account_id = google_service_account.customer_buckets.name
  role               = each.value.role
  member             = google_service_account.function[each.value.function].member
}

resource "google_storage_bucket_iam_member" "customer_buckets" {
  for_each = {
    outputs = { prefix = "jobs/", role = "roles/storage.objectViewer" }
    work    = { prefix = "fetched/", role = "roles/storage.objectUser" }
  }

  bucket = google_storage_bucket.this[each.key].name
  role   = each.value.role
  member = google_service_account.customer_buckets.member

  condition {
    title      = "only-${trimsuffix(each.value.prefix, "/")}"
    expression = "resource.name.startsWith(\"projects/_/buckets/${local.buckets[each.key]}/objects/${each.value.prefix}\")"
  }
}

# Audit logs of secret access.
resource "google_project_iam_audit_config" "secrets" {
  project = var.project_id
  service = "secretmanager.googleapis.com"

  audit_log_config {
    log_type = "DATA_READ"
  }
}

# Lets Pub/Sub create the tokens of its pushes as the pusher.
resource "google_service_account_iam_member" "pubsub_as_pusher" {
  service_account_id = google_service_account.pusher.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
}

resource "google_project_iam_member" "builder_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.builder.member
}

# Cloud Functions copies a zip into its own bucket before the build.
resource "google_project_iam_member" "builder_reads" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = google_service_account.builder.member

  condition {
    title      = "only-sources"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-\") || resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.sources.name}/\")"
  }
}

resource "google_artifact_registry_repository_iam_member" "builder_writes" {
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.builder.member
}

# The secrets of the function table, except those of a Gemini backend that is not used. Their values are added
# manually and are never in Terraform's state. A function cannot be deployed before its secrets have
# a value.
resource "google_secret_manager_secret" "this" {
  for_each = local.secrets

  secret_id = each.key

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.used]
}
