# Everything that is derived from the table once, for all other files.
locals {
  root    = "${path.module}/../.."
  storage = jsondecode(file("${path.module}/../storage.json"))
  indexes = jsondecode(file("${path.module}/../firestore.indexes.json"))

  function_names = { for name in keys(var.stages) : name => "mr-${replace(name, "_", "-")}" }

  woken     = { for name, row in var.stages : name => row if row.topic != null }
  served    = { for name, row in var.stages : name => row if row.topic == null }
  finalized = { for name, row in local.woken : name => row if row.trigger.kind == "finalized" }
  scheduled = { for name, row in local.woken : name => row if row.trigger.kind == "schedule" }

  # What dead_letter cannot handle has nowhere else to go; it is kept for people.
  last_resort = "dead_letter"

  secrets = toset(flatten([for row in values(var.stages) : row.secrets]))
  buckets = { for role in keys(local.storage.buckets) : role => "${var.project_id}-${role}" }

  # One entry a role: "function on:name role prefix".
  grants = merge([
    for name, row in var.stages : {
      for one in row.grants : "${name} ${one.on}:${one.name} ${one.role} ${one.prefix}" => merge(one, { function = name })
    }
  ]...)
}
