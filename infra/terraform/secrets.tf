# The secrets of the table, except those of a Gemini backend that is not used. Their values are added
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
