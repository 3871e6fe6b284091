variable "project_id" {
  description = "The Google Cloud project that all of it lives in; give it one of its own."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id is 6 to 30 characters of a-z, 0-9 and -, beginning with a letter."
  }
}

variable "region" {
  description = "Where functions run and data lies. Moving later means moving data: see the runbook."
  type        = string
  default     = "europe-west1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region is a single region such as europe-west1, not a multi-region."
  }
}

variable "domain" {
  description = "The one host name that people see; its A record points to the output `address`."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain))
    error_message = "domain is a host name such as moodreel.example.org, without a scheme or a path."
  }
}

variable "operator_email" {
  description = "Who is told when something is wrong."
  type        = string

  validation {
    condition     = can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", var.operator_email))
    error_message = "operator_email is one e-mail address."
  }
}

variable "mail_from" {
  description = "The sender of mails, as `Name <address>`; the mail server of SMTP_URL must accept it."
  type        = string

  validation {
    condition     = can(regex("^[^<>@]+ <[^<>@ ]+@[^<>@ ]+>$", var.mail_from))
    error_message = "mail_from looks like Moodreel <noreply@example.org>."
  }
}

variable "billing_account" {
  description = "XXXXXX-XXXXXX-XXXXXX for a budget on this project; empty for no budget."
  type        = string
  default     = ""

  validation {
    condition     = var.billing_account == "" || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "billing_account looks like 012345-6789AB-CDEF01."
  }
}

variable "monthly_budget" {
  description = "What a month may cost, in whole units of the billing account's currency."
  type        = number
  default     = 100

  validation {
    condition     = var.monthly_budget >= 1 && floor(var.monthly_budget) == var.monthly_budget
    error_message = "monthly_budget is a whole number from 1."
  }
}

variable "job_retention_days" {
  description = "After how many days a job and everything of it is deleted."
  type        = number
  default     = 30

  # A job that is redriven on its last day lives as long again; the buckets keep for 90 days.
  validation {
    condition     = var.job_retention_days >= 1 && var.job_retention_days <= 45
    error_message = "job_retention_days is 1 to 45."
  }
}

variable "max_instances" {
  description = "At most so many instances of each function: a bound on what a burst can cost."
  type        = number
  default     = 20

  validation {
    condition     = var.max_instances >= 1 && var.max_instances <= 1000
    error_message = "max_instances is 1 to 1000."
  }
}

variable "gemini_backend" {
  description = "The API that serves Gemini: vertex-ai with the function's own account, or developer-api with the secret GEMINI_API_KEY."
  type        = string
  default     = "vertex-ai"

  validation {
    condition     = contains(["vertex-ai", "developer-api"], var.gemini_backend)
    error_message = "gemini_backend is vertex-ai or developer-api."
  }
}

variable "gemini_location" {
  description = "Where Vertex AI processes prompts: global, a region, or a multi-region such as eu. Not every model is served everywhere."
  type        = string
  default     = "global"

  validation {
    condition     = can(regex("^([a-z]{2}|global|[a-z]+-[a-z]+[0-9]+)$", var.gemini_location))
    error_message = "gemini_location is global, a region such as europe-west1, or a multi-region such as eu."
  }
}

variable "gemini_client" {
  description = "The client library for Gemini that is in the package. Written by `python -m infra.tools.package`."
  type        = string
  default     = "google-genai"

  validation {
    condition     = var.gemini_client == "google-genai" || (var.gemini_client == "google-generativeai" && var.gemini_backend == "developer-api")
    error_message = "gemini_client is google-genai, or google-generativeai with gemini_backend = developer-api."
  }
}

variable "settings" {
  description = "Further settings of shared/runtime/settings.py for all functions, such as MOODREEL_DECK_MODEL."
  type        = map(string)
  default     = {}

  # What only a local suite may set would be a hole here; the functions refuse it as well.
  validation {
    condition     = alltrue([for name in keys(var.settings) : startswith(name, "MOODREEL_") && !contains(["MOODREEL_LOCAL", "MOODREEL_SIGNER_KEY", "MOODREEL_CRASH_DIR"], name)])
    error_message = "settings begin with MOODREEL_, and none of them is for the local suite."
  }

  # Roles, secrets and services follow from these variables as well.
  validation {
    condition     = alltrue([for name in keys(var.settings) : !contains(["MOODREEL_GEMINI_BACKEND", "MOODREEL_VERTEX_LOCATION", "MOODREEL_DECK_MODEL_CLIENT"], name)])
    error_message = "Set gemini_backend and gemini_location, and choose the client with python -m infra.tools.package."
  }
}

variable "repository" {
  description = "OWNER/NAME on GitHub, connected to Cloud Build, whose main branch is deployed; empty for none."
  type        = string
  default     = ""

  validation {
    condition     = var.repository == "" || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository looks like owner/name."
  }
}

variable "protected" {
  description = "Whether database and buckets refuse to be deleted. Only a project for trials sets it to false."
  type        = bool
  default     = true
}

variable "packages" {
  description = "Function → path of its zip, below the project's root. Written by `python -m infra.tools.package`."
  type        = map(string)

  validation {
    condition     = alltrue([for path in values(var.packages) : can(regex("-[0-9a-f]{16}\\.zip$", path))])
    error_message = "A package carries the hash of its content in its name: run python -m infra.tools.package."
  }
}

variable "functions" {
  description = "The built rows of shared/pipeline.py. Written by `python -m infra.tools.render`."
  type = map(object({
    kind                  = string
    trigger               = object({ kind = string, bucket = optional(string), prefix = optional(string), every_s = optional(number) })
    topic                 = optional(string)
    paths                 = list(string)
    timeout_s             = number
    ack_deadline_s        = number
    memory_mb             = number
    cpu                   = number
    concurrency           = number
    max_delivery_attempts = number
    backoff_min_s         = number
    backoff_max_s         = number
    secrets               = list(string)
    service_account       = string
    writes                = list(object({ bucket = string, prefix = string }))
    grants                = list(object({ scope = string, name = string, role = string, prefix = string, backend = optional(string, "") }))
  }))

  validation {
    condition     = alltrue([for row in values(var.functions) : row.concurrency == 1 || row.cpu >= 1])
    error_message = "Cloud Run serves several requests at a time only with a whole vCPU or more."
  }
}

variable "rendered_note" {
  description = "Says where `functions` comes from."
  type        = string
  default     = ""
}
