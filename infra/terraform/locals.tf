# Values derived from the function table (FUNCTIONS in shared/pipeline.py), for all other files.
locals {
  root    = "${path.module}/../.."
  storage = jsondecode(file("${path.module}/../storage.json"))
  indexes = jsondecode(file("${path.module}/../firestore.indexes.json"))

  # The origins of web pages that call the API, and that use upload and download URLs.
  origins = concat(["https://${var.domain}"], var.origins)

  function_names = { for name in keys(var.functions) : name => "mr-${replace(name, "_", "-")}" }

  # Functions by trigger: Pub/Sub messages, of which some come from Cloud Storage or Cloud Scheduler;
  # HTTPS requests.
  event_functions     = { for name, row in var.functions : name => row if row.topic != null }
  https_functions     = { for name, row in var.functions : name => row if row.topic == null }
  storage_functions   = { for name, row in local.event_functions : name => row if row.trigger.kind == "finalize" }
  scheduled_functions = { for name, row in local.event_functions : name => row if row.trigger.kind == "schedule" }

  # Receives the messages of all other functions after their last attempt. Messages that it cannot
  # handle itself go to the topic moodreel-unhandled.
  dead_letter_function = "dead_letter"

  secrets_of = { for name in keys(var.functions) : name => sort([for grant in values(local.grants) : grant.name if grant.function == name && grant.scope == "secret"]) }
  secrets    = toset(flatten(values(local.secrets_of)))
  buckets    = { for role in keys(local.storage.buckets) : role => "${var.project_id}-${role}" }

  # The functions that call Gemini: some of their roles depend on the backend.
  gemini_functions = toset([for name, row in var.functions : name if anytrue([for grant in row.grants : grant.backend != ""])])

  # One entry per role: "function scope:name role prefix".
  grants = merge([
    for name, row in var.functions : {
      for grant in row.grants : "${name} ${grant.scope}:${grant.name} ${grant.role} ${grant.prefix}" => merge(grant, { function = name })
      if contains(["", var.gemini_backend], grant.backend)
    }
  ]...)
}
