# The secrets that the table names, but for those of a backend of Gemini that is not used. Their values are added by hand and never stand in Terraform's
# state; a function cannot be deployed before its secrets have one.
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
