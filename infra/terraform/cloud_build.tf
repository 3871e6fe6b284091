# Deployment: Cloud Build with its own account, on every push to main. Terraform creates accounts and
# grants roles, so this account could grant itself more roles. Therefore it is bound to one branch of one
# repository, and an apply waits for an approval.
resource "google_service_account" "deployer" {
  account_id   = "mr-deployer"
  display_name = "Moodreel: tests and deploys"
}

locals {
  deployer_roles = toset([
    "roles/artifactregistry.admin",
    "roles/cloudfunctions.developer",
    "roles/cloudscheduler.admin",
    "roles/compute.loadBalancerAdmin",
    "roles/datastore.owner",
    "roles/firebaserules.admin",
    "roles/iam.roleViewer",
    "roles/iam.serviceAccountAdmin",
    "roles/identityplatform.admin",
    "roles/logging.configWriter",
    "roles/logging.logWriter",
    "roles/monitoring.editor",
    "roles/pubsub.admin",
    "roles/resourcemanager.projectIamAdmin",
    "roles/run.admin",
    "roles/secretmanager.admin",
    "roles/serviceusage.apiKeysAdmin",
    "roles/serviceusage.serviceUsageAdmin",
    "roles/storage.admin",
  ])
}

resource "google_project_iam_member" "deployer" {
  # checkov:skip=CKV_GCP_49: It creates the functions' accounts, which do not exist before; it is bound to one branch, and an apply waits for an approval.
  for_each = local.deployer_roles

  project = var.project_id
  role    = each.value
  member  = google_service_account.deployer.member
}

# Deploying a function or a build with an account requires permission to act as it.
resource "google_service_account_iam_member" "deployer_acts_as" {
  for_each = merge(
    { for name, account in google_service_account.function : name => account.name },
    { pusher = google_service_account.pusher.name, builder = google_service_account.builder.name },
  )

  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.deployer.member
}

resource "google_cloudbuild_trigger" "main" {
  for_each = var.repository == "" ? [] : toset([var.repository])

  name            = "moodreel-main"
  location        = var.region
  description     = "Tests every push to main, then plans and, after approval, applies."
  service_account = google_service_account.deployer.id
  filename        = "cloudbuild.yaml"

  github {
    owner = split("/", each.value)[0]
    name  = split("/", each.value)[1]

    push {
      branch = "^main$"
    }
  }

  approval_config {
    approval_required = true
  }

  substitutions = {
    _APPLY             = "yes"
    _DOMAIN            = var.domain
    _DECK_MODEL_CLIENT = var.gemini_client
  }

  depends_on = [google_project_service.used]
}
