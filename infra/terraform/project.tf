# The Google services in use, and the service agents of some of them.
data "google_project" "this" {
  project_id = var.project_id
}

resource "google_project_service" "used" {
  for_each = toset(concat([
    "apikeys", "artifactregistry", "billingbudgets", "cloudbuild", "cloudfunctions", "cloudresourcemanager",
    "cloudscheduler", "cloudtrace", "compute", "firebaserules", "firestore", "iam",
    "iamcredentials", "identitytoolkit", "logging", "monitoring", "pubsub", "run", "secretmanager",
    "storage", "texttospeech",
  ], [var.gemini_backend == "vertex-ai" ? "aiplatform" : "generativelanguage"]))

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
