# Versions of Terraform and its provider, the Google services in use, and their service agents.
terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 8.0"
    }
  }

  # terraform init -backend-config="bucket=PROJECT-terraform"
  backend "gcs" {
    prefix = "moodreel"
  }
}

# No resource needs google-beta.
provider "google" {
  project               = var.project_id
  region                = var.region
  billing_project       = var.project_id
  user_project_override = true
}

data "google_project" "this" {
  project_id = var.project_id
}

resource "google_project_service" "used" {
  for_each = toset(concat([
    "apikeys", "artifactregistry", "billingbudgets", "cloudbuild", "cloudfunctions", "cloudresourcemanager",
    "cloudscheduler", "cloudtrace", "compute", "firebaserules", "firestore", "iam",
    "iamcredentials", "identitytoolkit", "logging", "monitoring", "pubsub", "run", "secretmanager",
    "speech", "storage", "texttospeech",
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
