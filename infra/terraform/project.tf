# The services of Google that are used, and the agents through which some of them act.
data "google_project" "this" {
  project_id = var.project_id
}

resource "google_project_service" "used" {
  for_each = toset([
    "apikeys", "artifactregistry", "billingbudgets", "cloudbuild", "cloudfunctions", "cloudresourcemanager",
    "cloudscheduler", "cloudtrace", "compute", "firebaserules", "firestore", "generativelanguage",
    "iam", "iamcredentials", "identitytoolkit", "logging", "monitoring", "pubsub", "run",
    "secretmanager", "storage", "texttospeech",
  ])

  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}

data "google_storage_project_service_account" "this" {
  depends_on = [google_project_service.used]
}

locals {
  pubsub_agent  = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
  storage_agent = "serviceAccount:${data.google_storage_project_service_account.this.email_address}"
}
