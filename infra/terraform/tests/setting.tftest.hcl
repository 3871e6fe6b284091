# Settings that are rejected before any resource is created.
mock_provider "google" {}

variables {
  project_id     = "moodreel-test"
  domain         = "moodreel.example.org"
  operator_email = "operator@example.org"
  mail_from      = "Moodreel <noreply@example.org>"
  packages       = { for name, row in jsondecode(file("pipeline.auto.tfvars.json")).functions : name => "zips/${name}-0123456789abcdef.zip" }

  camera_public_key   = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
  webhook_public_key  = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="
  fetch_public_key    = "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA="
  delivery_public_key = "DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDA="
}

run "invalid_settings" {
  command = plan

  variables {
    project_id      = "Moodreel"
    region          = "EU"
    domain          = "https://moodreel.example.org/"
    origins         = ["*"]
    operator_email  = "nobody"
    mail_from       = "noreply@example.org"
    billing_account = "mine"
    monthly_budget  = 0.5
    # Objects are kept for 90 days.
    job_retention_days = 60
    max_instances      = 0
    # Cloud Armor accepts at most 10,000.
    client_requests_per_minute = 20000
    # For the local suite only.
    settings   = { MOODREEL_LOCAL = "1" }
    repository = "https://github.com/someone/moodreel"
    # The name does not contain the hash.
    packages        = { api = "zips/api.zip" }
    gemini_backend  = "vertex"
    gemini_location = "https://europe-west1-aiplatform.googleapis.com"
    # Not base64 of 32 bytes.
    camera_public_key   = "AAAA"
    webhook_public_key  = "-----BEGIN PUBLIC KEY-----"
    fetch_public_key    = "CCCC"
    delivery_public_key = "DDDD"
  }

  expect_failures = [
    var.project_id, var.region, var.domain, var.origins, var.operator_email, var.mail_from, var.billing_account,
    var.monthly_budget, var.job_retention_days, var.max_instances, var.client_requests_per_minute, var.settings, var.repository,
    var.packages, var.gemini_backend, var.gemini_location, var.camera_public_key,
    var.webhook_public_key, var.fetch_public_key, var.delivery_public_key,
  ]
}

run "function_without_a_package" {
  command = plan

  variables {
    packages = {}
  }

  expect_failures = [google_storage_bucket_object.package]
}

run "functions_without_public_keys" {
  command = plan

  variables {
    camera_public_key = ""
  }

  expect_failures = [google_cloudfunctions2_function.this]
}

run "one_public_key_for_two_uses" {
  command = plan

  variables {
    webhook_public_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
  }

  expect_failures = [google_cloudfunctions2_function.this]
}

run "client_without_vertex_ai" {
  command = plan

  variables {
    gemini_client = "google-generativeai"
  }

  expect_failures = [var.gemini_client]
}

run "illustrator_without_its_library" {
  command = plan

  variables {
    gemini_backend = "developer-api"
    gemini_client  = "google-generativeai"
    illustrator    = "gemini"
  }

  expect_failures = [var.illustrator]
}

run "illustrator_outside_of_the_package" {
  command = plan

  variables {
    illustrator = "os:system"
  }

  expect_failures = [var.illustrator]
}

run "settings_with_their_own_variable" {
  command = plan

  variables {
    settings = { MOODREEL_GEMINI_BACKEND = "developer-api" }
  }

  expect_failures = [var.settings]
}
