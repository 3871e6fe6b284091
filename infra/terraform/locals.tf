# Everything that is derived from the table once, for all other files.
locals {
  root    = "${path.module}/../.."
  storage = jsondecode(file("${path.module}/../storage.json"))
  indexes = jsondecode(file("${path.module}/../firestore.indexes.json"))

  function_names = { for name in keys(var.functions) : name => "mr-${replace(name, "_", "-")}" }

  woken     = { for name, row in var.functions : name => row if row.topic != null }
  served    = { for name, row in var.functions : name => row if row.topic == null }
  finalized = { for name, row in local.woken : name => row if row.trigger.kind == "finalize" }
  scheduled = { for name, row in local.woken : name => row if row.trigger.kind == "schedule" }

  # What dead_letter cannot handle has nowhere else to go; it is kept for people.
  last_resort = "dead_letter"

  secrets_of = { for name in keys(var.functions) : name => sort([for one in values(local.grants) : one.name if one.function == name && one.scope == "secret"]) }
  secrets    = toset(flatten(values(local.secrets_of)))
  buckets    = { for role in keys(local.storage.buckets) : role => "${var.project_id}-${role}" }

  # The functions that ask Gemini: some of their roles depend on the backend.
  asks_gemini = toset([for name, row in var.functions : name if anytrue([for one in row.grants : one.backend != ""])])

  # One entry a role: "function on:name role prefix".
  grants = merge([
    for name, row in var.functions : {
      for one in row.grants : "${name} ${one.scope}:${one.name} ${one.role} ${one.prefix}" => merge(one, { function = name })
      if contains(["", var.gemini_backend], one.backend)
    }
  ]...)
}
