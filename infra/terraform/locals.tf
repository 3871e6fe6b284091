# Values derived from the table, for all other files.
locals {
  root    = "${path.module}/../.."
  storage = jsondecode(file("${path.module}/../storage.json"))
  indexes = jsondecode(file("${path.module}/../firestore.indexes.json"))

  function_names = { for name in keys(var.functions) : name => "mr-${replace(name, "_", "-")}" }

  woken     = { for name, row in var.functions : name => row if row.topic != null }
  served    = { for name, row in var.functions : name => row if row.topic == null }
  finalized = { for name, row in local.woken : name => row if row.trigger.kind == "finalize" }
  scheduled = { for name, row in local.woken : name => row if row.trigger.kind == "schedule" }

  # Messages that dead_letter cannot handle are kept for the operator.
  last_resort = "dead_letter"

  secrets_of = { for name in keys(var.functions) : name => sort([for one in values(local.grants) : one.name if one.function == name && one.scope == "secret"]) }
  secrets    = toset(flatten(values(local.secrets_of)))
  buckets    = { for role in keys(local.storage.buckets) : role => "${var.project_id}-${role}" }

  # The functions that call Gemini: some of their roles depend on the backend.
  asks_gemini = toset([for name, row in var.functions : name if anytrue([for one in row.grants : one.backend != ""])])

  # One entry per role: "function scope:name role prefix".
  grants = merge([
    for name, row in var.functions : {
      for one in row.grants : "${name} ${one.scope}:${one.name} ${one.role} ${one.prefix}" => merge(one, { function = name })
      if contains(["", var.gemini_backend], one.backend)
    }
  ]...)
}
