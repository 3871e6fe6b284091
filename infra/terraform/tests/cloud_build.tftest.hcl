# Assertions on Cloud Build: who tests, who plans, who applies, and what the deployer runs.
mock_provider "google" {
  mock_data "google_project" {
    defaults = {
      number = "123456789012"
    }
  }
}

variables {
  project_id          = "moodreel-test"
  domain              = "moodreel.example.org"
  operator_email      = "operator@example.org"
  mail_from           = "Moodreel <noreply@example.org>"
  repository          = "someone/moodreel"
  camera_public_key   = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
  webhook_public_key  = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="
  fetch_public_key    = "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA="
  delivery_public_key = "DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDA="
  packages            = { for name, row in jsondecode(file("pipeline.auto.tfvars.json")).functions : name => "zips/${name}-0123456789abcdef.zip" }
}

run "cloud_build" {
  command = apply

  # --- tests --------------------------------------------------------------------------------

  assert {
    condition     = alltrue([for trigger in google_cloudbuild_trigger.test : trigger.service_account == google_service_account.tester.id && trigger.filename == "cloudbuild.yaml"]) && length(google_cloudbuild_trigger.test) == 2
    error_message = "Tests run as another account than the tester."
  }

  assert {
    condition     = google_project_iam_member.tester.role == "roles/logging.logWriter" && alltrue([for member in concat(values(google_project_iam_member.function), values(google_project_iam_member.planner), values(google_project_iam_member.deployer), values(google_storage_bucket_iam_member.planner), values(google_service_account_iam_member.deployer_acts_as)) : member.member != google_service_account.tester.member])
    error_message = "The tester may do more than write logs."
  }

  assert {
    condition     = toset([for name, trigger in google_cloudbuild_trigger.test : name if length(trigger.github[0].pull_request) > 0]) == toset(["moodreel-pull-request"]) && google_cloudbuild_trigger.test["moodreel-pull-request"].github[0].pull_request[0].comment_control == "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY"
    error_message = "The pull request of a stranger is tested without a comment of a collaborator."
  }

  # --- plans --------------------------------------------------------------------------------

  assert {
    condition     = alltrue([for trigger in google_cloudbuild_trigger.plan : trigger.service_account == google_service_account.planner.id && length(trigger.github[0].pull_request) == 0 && trigger.github[0].push[0].branch == "^main$"]) && length(google_cloudbuild_trigger.plan) == 1
    error_message = "Something else than a push to main is planned, or not by the planner."
  }

  assert {
    condition     = alltrue([for member in google_project_iam_member.planner : can(regex("(viewer|Viewer|reader|securityReviewer|logWriter|/moodreelPlanner)$", member.role))]) && alltrue([for member in google_storage_bucket_iam_member.planner : member.role == "roles/storage.objectViewer"])
    error_message = "The planner may change something."
  }

  assert {
    condition     = alltrue([for permission in google_project_iam_custom_role.planner.permissions : can(regex("[.](get|list|getMetadata)$", permission)) || permission == "serviceusage.services.use"]) && length(setintersection(local.planner_roles, ["roles/datastore.viewer", "roles/identityplatform.viewer", "roles/logging.viewer", "roles/secretmanager.secretAccessor", "roles/storage.objectViewer"])) == 0
    error_message = "The planner may change something, or read data of users."
  }

  assert {
    condition     = google_storage_bucket.plans.versioning[0].enabled
    error_message = "A saved plan can be replaced without a trace."
  }

  assert {
    condition     = google_storage_bucket_iam_policy.plans.bucket == google_storage_bucket.plans.name && google_storage_bucket_iam_policy.plans.policy_data == data.google_iam_policy.plans.policy_data
    error_message = "The bucket of plans has another policy."
  }

  assert {
    condition     = { for binding in data.google_iam_policy.plans.binding : binding.role => join(" ", binding.members) } == { "roles/storage.objectCreator" = google_service_account.planner.member, "roles/storage.objectViewer" = google_service_account.deployer.member, "roles/storage.legacyBucketOwner" = "projectOwner:moodreel-test", "roles/storage.legacyObjectReader" = "projectOwner:moodreel-test" }
    error_message = "Another account than the planner saves plans, or another than the deployer reads them."
  }

  # --- applying -----------------------------------------------------------------------------

  assert {
    condition     = alltrue([for trigger in google_cloudbuild_trigger.apply : trigger.service_account == google_service_account.deployer.id && trigger.approval_config[0].approval_required && length(trigger.github) == 0 && length(trigger.build) == 1 && length(trigger.git_file_source) == 0]) && length(google_cloudbuild_trigger.apply) == 1
    error_message = "The deployer runs without an approval, by an event, or with steps from a branch."
  }

  assert {
    condition     = alltrue([for trigger in concat(values(google_cloudbuild_trigger.test), values(google_cloudbuild_trigger.plan)) : trigger.service_account != google_service_account.deployer.id])
    error_message = "The deployer has another trigger than moodreel-apply."
  }

  assert {
    condition     = toset([for member in google_service_account_iam_member.deployer_acts_as : member.member]) == toset([google_service_account.deployer.member])
    error_message = "Another account may act as the deployer."
  }

  # The administrator of load balancers may attach a security policy, but not create or change one.
  assert {
    condition     = length(setsubtract(["roles/compute.loadBalancerAdmin", "roles/compute.securityAdmin"], [for member in google_project_iam_member.deployer : member.role])) == 0
    error_message = "The deployer cannot manage the load balancer and its security policy."
  }

  assert {
    condition     = keys(google_cloudbuild_trigger.apply["someone/moodreel"].substitutions) == tolist(["_PLAN"]) && google_cloudbuild_trigger.apply["someone/moodreel"].substitutions["_PLAN"] == ""
    error_message = "The person who runs the trigger can change more than the plan, or a plan is the default."
  }

  assert {
    condition     = alltrue([for step in google_cloudbuild_trigger.apply["someone/moodreel"].build[0].step : can(regex("^[a-z/]+:[a-z0-9.-]+@sha256:[0-9a-f]{64}$", step.name)) && !step.allow_failure && length(step.wait_for) == 0])
    error_message = "A step of the deployer has an image without a digest, may fail, or starts early."
  }

  assert {
    condition     = join(" ", google_cloudbuild_trigger.apply["someone/moodreel"].build[0].step[*].id) == "fetch tested previous apply smoke roll-back remember" && google_cloudbuild_trigger.apply["someone/moodreel"].build[0].step[0].args[1] == local.saved_plan
    error_message = "The deployer applies before it has verified the plan and the tests of its commit."
  }

  assert {
    condition     = length(regexall("[$]", local.saved_plan)) == 0 && length(local.saved_plan) < 10000
    error_message = "Cloud Build would change or reject the text of saved_plan.py as an argument."
  }
}
