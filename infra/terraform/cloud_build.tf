# Cloud Build, by three accounts. The tester runs the tests of pushes and pull requests and may only write
# logs. The planner reads the project and saves plans. The deployer applies a plan that a person has
# reviewed. Terraform creates accounts and grants roles, so the deployer could grant itself more roles:
# therefore its only trigger has fixed steps, and each of its builds waits for an approval.
resource "google_service_account" "tester" {
  account_id   = "mr-tester"
  display_name = "Moodreel: runs the tests"
}

resource "google_service_account" "planner" {
  account_id   = "mr-planner"
  display_name = "Moodreel: plans deployments"
}

resource "google_service_account" "deployer" {
  account_id   = "mr-deployer"
  display_name = "Moodreel: applies reviewed plans"
}

locals {
  deployer_roles = toset([
    "roles/artifactregistry.admin",
    "roles/cloudbuild.builds.editor",
    "roles/cloudfunctions.developer",
    "roles/cloudscheduler.admin",
    "roles/compute.loadBalancerAdmin",
    "roles/compute.securityAdmin",
    "roles/datastore.owner",
    "roles/firebaserules.admin",
    "roles/iam.roleAdmin",
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

  # Read roles whose permissions do not include data of users. The custom role replaces those that do:
  # viewers of Firestore, Identity Platform and logs.
  planner_roles = toset([
    "roles/artifactregistry.reader",
    "roles/cloudbuild.builds.viewer",
    "roles/cloudfunctions.viewer",
    "roles/cloudscheduler.viewer",
    "roles/compute.viewer",
    "roles/firebaserules.viewer",
    "roles/iam.roleViewer",
    "roles/iam.securityReviewer",
    "roles/iam.serviceAccountViewer",
    "roles/logging.logWriter",
    "roles/monitoring.viewer",
    "roles/pubsub.viewer",
    "roles/run.viewer",
    "roles/secretmanager.viewer",
    "roles/serviceusage.apiKeysViewer",
    "roles/storage.bucketViewer",
  ])

  # The steps of the deployer. They name no file of a checkout: the text of saved_plan.py is in them.
  apply      = yamldecode(file("${local.root}/infra/cloud_build/apply.yaml"))
  saved_plan = file("${local.root}/infra/tools/saved_plan.py")
}

resource "google_project_iam_member" "tester" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.tester.member
}

resource "google_project_iam_custom_role" "planner" {
  role_id     = "moodreelPlanner"
  title       = "Moodreel: reads settings, no data"
  description = "What terraform plan reads and no predefined role allows without data of users."

  # services.use: the provider names this project as the one whose quota its requests use.
  permissions = [
    "datastore.backupSchedules.get", "datastore.backupSchedules.list",
    "datastore.databases.get", "datastore.databases.getMetadata",
    "datastore.indexes.get", "datastore.indexes.list",
    "firebaseauth.configs.get",
    "logging.buckets.get", "logging.exclusions.get", "logging.logMetrics.get", "logging.sinks.get",
    "resourcemanager.projects.get",
    "serviceusage.services.get", "serviceusage.services.list", "serviceusage.services.use",
  ]
}

resource "google_project_iam_member" "planner" {
  for_each = setunion(local.planner_roles, ["projects/${var.project_id}/roles/moodreelPlanner"])

  project = var.project_id
  role    = each.value
  member  = google_service_account.planner.member

  depends_on = [google_project_iam_custom_role.planner]
}

# The state and the settings, and the packages that were uploaded.
resource "google_storage_bucket_iam_member" "planner" {
  for_each = toset(["${var.project_id}-terraform", google_storage_bucket.sources.name])

  bucket = each.value
  role   = "roles/storage.objectViewer"
  member = google_service_account.planner.member
}

resource "google_project_iam_member" "deployer" {
  # checkov:skip=CKV_GCP_49: It creates the functions' accounts, which do not exist before; it is used by one trigger, whose builds wait for an approval.
  for_each = local.deployer_roles

  project = var.project_id
  role    = each.value
  member  = google_service_account.deployer.member
}

# Deploying a function, a build or a trigger with an account requires permission to act as it.
resource "google_service_account_iam_member" "deployer_acts_as" {
  for_each = merge(
    { for name, account in google_service_account.function : name => account.name },
    {
      pusher   = google_service_account.pusher.name
      builder  = google_service_account.builder.name
      tester   = google_service_account.tester.name
      planner  = google_service_account.planner.name
      deployer = google_service_account.deployer.name
    },
  )

  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.deployer.member
}

# Tests. Pull requests of other people run after a comment of a collaborator, as the same account.
resource "google_cloudbuild_trigger" "test" {
  for_each = var.repository == "" ? {} : { moodreel-test = "push", moodreel-pull-request = "pull_request" }

  name            = each.key
  location        = var.region
  description     = "Tests every push to main and every pull request."
  service_account = google_service_account.tester.id
  filename        = "cloudbuild.yaml"

  github {
    owner = split("/", var.repository)[0]
    name  = split("/", var.repository)[1]

    dynamic "push" {
      for_each = each.value == "push" ? [1] : []

      content {
        branch = "^main$"
      }
    }

    dynamic "pull_request" {
      for_each = each.value == "pull_request" ? [1] : []

      content {
        branch          = "^main$"
        comment_control = "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY"
      }
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_cloudbuild_trigger" "plan" {
  for_each = var.repository == "" ? [] : toset([var.repository])

  name            = "moodreel-plan"
  location        = var.region
  description     = "Packages and plans every push to main, and saves the plan."
  service_account = google_service_account.planner.id
  filename        = "infra/cloud_build/plan.yaml"
  substitutions   = { _DECK_MODEL_CLIENT = var.gemini_client, _ILLUSTRATOR = var.illustrator }

  github {
    owner = split("/", each.value)[0]
    name  = split("/", each.value)[1]

    push {
      branch = "^main$"
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_cloudbuild_trigger" "apply" {
  for_each = var.repository == "" ? [] : toset([var.repository])

  name            = "moodreel-apply"
  location        = var.region
  description     = "Applies the saved plan whose SHA-256 is _PLAN, after approval."
  service_account = google_service_account.deployer.id
  substitutions   = local.apply.substitutions

  approval_config {
    approval_required = true
  }

  # A manual trigger must have a source. No step uses it.
  source_to_build {
    uri       = "https://github.com/${each.value}"
    ref       = "refs/heads/main"
    repo_type = "GITHUB"
  }

  build {
    timeout = local.apply.timeout

    dynamic "step" {
      for_each = local.apply.steps

      content {
        id         = step.value.id
        name       = step.value.name
        entrypoint = step.value.entrypoint
        dir        = try(step.value.dir, null)
        args       = [for text in step.value.args : text == "SAVED_PLAN" ? local.saved_plan : text]
      }
    }

    options {
      logging             = local.apply.options.logging
      substitution_option = local.apply.options.substitutionOption

      dynamic "volumes" {
        for_each = local.apply.options.volumes

        content {
          name = volumes.value.name
          path = volumes.value.path
        }
      }
    }
  }

  depends_on = [google_project_service.used]
}
