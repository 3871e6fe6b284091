# The four buckets. infra/storage.json also configures them in the local suite.
resource "google_storage_bucket" "this" {
  # checkov:skip=CKV_GCP_62: Usage logs would store who reads which object without anybody using them; audit logs cover administration.
  # checkov:skip=CKV_GCP_78: Objects are written once, so there are no older versions; soft delete restores removed objects, and data that a user deletes must not remain.
  for_each = local.storage.buckets

  name                        = local.buckets[each.key]
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.protected

  versioning {
    enabled = each.value.versioned
  }

  soft_delete_policy {
    retention_duration_seconds = each.value.soft_delete_days * 86400
  }

  dynamic "cors" {
    for_each = each.value.cors ? [local.storage.cors] : []

    content {
      origin          = local.origins
      method          = cors.value.method
      response_header = cors.value.responseHeader
      max_age_seconds = cors.value.maxAgeSeconds
    }
  }

  # The sweeper removes expired objects; these rules remove what it missed.
  dynamic "lifecycle_rule" {
    for_each = each.value.kept_days

    content {
      action {
        type = "Delete"
      }
      condition {
        age            = lifecycle_rule.value
        matches_prefix = lifecycle_rule.key == "" ? null : [lifecycle_rule.key]
      }
    }
  }

  dynamic "lifecycle_rule" {
    for_each = each.value.versioned ? [1] : []

    content {
      action {
        type = "Delete"
      }
      condition {
        num_newer_versions = 3
        with_state         = "ARCHIVED"
      }
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 8
    }
  }

  depends_on = [google_project_service.used]
}

# Saved plans: the planner creates them and cannot read or replace them, the deployer reads them. The
# policy is complete, so it also removes what a new bucket grants to editors and viewers of the project.
# Owners review plans and keep the bucket.
resource "google_storage_bucket" "plans" {
  # checkov:skip=CKV_GCP_62: Usage logs would store who reads which object without anybody using them; audit logs cover administration.
  name                        = "${var.project_id}-plans"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.protected

  versioning {
    enabled = true
  }

  # A plan is stale after the next apply. The plans of the last months show what was applied.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = 90
    }
  }

  depends_on = [google_project_service.used]
}

data "google_iam_policy" "plans" {
  binding {
    role    = "roles/storage.objectCreator"
    members = [google_service_account.planner.member]
  }

  binding {
    role    = "roles/storage.objectViewer"
    members = [google_service_account.deployer.member]
  }

  binding {
    role    = "roles/storage.legacyBucketOwner"
    members = ["projectOwner:${var.project_id}"]
  }

  binding {
    role    = "roles/storage.legacyObjectReader"
    members = ["projectOwner:${var.project_id}"]
  }
}

resource "google_storage_bucket_iam_policy" "plans" {
  bucket      = google_storage_bucket.plans.name
  policy_data = data.google_iam_policy.plans.policy_data
}
