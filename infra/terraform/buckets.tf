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
      origin          = ["https://${var.domain}"]
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
