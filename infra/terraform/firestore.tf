# Firestore. The emulator reads the same files for indexes, times to live and rules.
resource "google_firestore_database" "default" {
  name                              = "(default)"
  location_id                       = var.region
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "OPTIMISTIC"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = var.protected ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.protected ? "ABANDON" : "DELETE"

  depends_on = [google_project_service.used]
}

resource "google_firestore_index" "this" {
  for_each = {
    for index in local.indexes.indexes :
    "${index.collectionGroup} ${index.queryScope} ${join(" ", [for field in index.fields : "${field.fieldPath}:${lookup(field, "order", "CONTAINS")}"])}" => index
  }

  database    = google_firestore_database.default.name
  collection  = each.value.collectionGroup
  query_scope = each.value.queryScope

  dynamic "fields" {
    for_each = each.value.fields

    content {
      field_path   = fields.value.fieldPath
      order        = lookup(fields.value, "order", null)
      array_config = lookup(fields.value, "arrayConfig", null)
    }
  }
}

resource "google_firestore_field" "this" {
  for_each = { for override in local.indexes.fieldOverrides : "${override.collectionGroup}.${override.fieldPath}" => override }

  database   = google_firestore_database.default.name
  collection = each.value.collectionGroup
  field      = each.value.fieldPath

  dynamic "ttl_config" {
    for_each = each.value.ttl ? [1] : []
    content {}
  }

  # An empty block disables the field's indexes. Large fields and times to live need none.
  index_config {
    dynamic "indexes" {
      for_each = each.value.indexes

      content {
        order       = lookup(indexes.value, "order", null)
        query_scope = lookup(indexes.value, "queryScope", null)
      }
    }
  }
}

resource "google_firebaserules_ruleset" "firestore" {
  source {
    files {
      name    = "firestore.rules"
      content = file("${path.module}/../firestore.rules")
    }
  }

  depends_on = [google_firestore_database.default]

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_firebaserules_release" "firestore" {
  name         = "cloud.firestore"
  ruleset_name = google_firebaserules_ruleset.firestore.name
}

# Backups contain deleted data until the oldest one expires, after 14 days.
resource "google_firestore_backup_schedule" "daily" {
  database  = google_firestore_database.default.name
  retention = "604800s"

  daily_recurrence {}
}

resource "google_firestore_backup_schedule" "weekly" {
  database  = google_firestore_database.default.name
  retention = "1209600s"

  weekly_recurrence {
    day = "SUNDAY"
  }
}
