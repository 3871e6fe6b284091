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
