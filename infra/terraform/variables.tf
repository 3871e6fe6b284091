variable "project_id" {
  description = "The Google Cloud project. Use one that contains nothing else."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be 6 to 30 characters of a-z, 0-9 and -, starting with a letter."
  }
}

variable "region" {
  description = "The region of functions and data. A later change requires moving the data: see RUNBOOK.md."
  type        = string
  default     = "europe-west1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a single region such as europe-west1, not a multi-region."
  }
}

variable "domain" {
  description = "The public host name. Its A record points to the output `address`."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain))
    error_message = "domain must be a host name such as moodreel.example.org, without a scheme or a path."
  }
}

variable "origins" {
  description = "Origins of other web pages that may call the API and use upload and download URLs, such as https://app.example.org. The console's own needs none."
  type        = list(string)
  default     = []

  # Every origin may use the session of a user who is signed in to it, so there is no wildcard.
  validation {
    condition     = alltrue([for origin in var.origins : can(regex("^https://([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}(:[0-9]{1,5})?$", origin)) || can(regex("^http://(localhost|127\\.0\\.0\\.1)(:[0-9]{1,5})?$", origin))])
    error_message = "origins must be https origins without a path, or http://localhost for development. A wildcard is not allowed."
  }
}

variable "operator_email" {
  description = "The email address that receives alerts."
  type        = string

  validation {
    condition     = can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", var.operator_email))
    error_message = "operator_email must be one email address."
  }
}

variable "mail_from" {
  description = "The sender of emails, as `Name <address>`. The mail server of SMTP_URL must accept it."
  type        = string

  validation {
    condition     = can(regex("^[^<>@]+ <[^<>@ ]+@[^<>@ ]+>$", var.mail_from))
    error_message = "mail_from must have the form Moodreel <noreply@example.org>."
  }
}

variable "camera_public_key" {
  description = "The public key that encrypts the addresses and passwords of cameras, 32 bytes in base64. DEPLOY.md shows how to create it; the secret CAMERA_KEYS holds the private key."
  type        = string
  default     = ""

  validation {
    condition     = var.camera_public_key == "" || can(regex("^[A-Za-z0-9+/]{43}=$", var.camera_public_key))
    error_message = "camera_public_key must be 32 bytes in base64, as `python -m infra.operations.keys public` prints it."
  }
}

variable "webhook_public_key" {
  description = "The public key that encrypts the secrets of webhooks, 32 bytes in base64. The secret WEBHOOK_KEYS holds the private key."
  type        = string
  default     = ""

  validation {
    condition     = var.webhook_public_key == "" || can(regex("^[A-Za-z0-9+/]{43}=$", var.webhook_public_key))
    error_message = "webhook_public_key must be 32 bytes in base64, as `python -m infra.operations.keys public` prints it."
  }
}

variable "fetch_public_key" {
  description = "The public key that encrypts the URLs of inputs, 32 bytes in base64. The secret FETCH_KEYS holds the private key."
  type        = string
  default     = ""

  validation {
    condition     = var.fetch_public_key == "" || can(regex("^[A-Za-z0-9+/]{43}=$", var.fetch_public_key))
    error_message = "fetch_public_key must be 32 bytes in base64, as `python -m infra.operations.keys public` prints it."
  }
}

variable "delivery_public_key" {
  description = "The public key that encrypts the URLs to which results are delivered, 32 bytes in base64. The secret DELIVERY_KEYS holds the private key."
  type        = string
  default     = ""

  validation {
    condition     = var.delivery_public_key == "" || can(regex("^[A-Za-z0-9+/]{43}=$", var.delivery_public_key))
    error_message = "delivery_public_key must be 32 bytes in base64, as `python -m infra.operations.keys public` prints it."
  }
}

variable "billing_account" {
  description = "The billing account (XXXXXX-XXXXXX-XXXXXX) for a budget on this project; empty for no budget."
  type        = string
  default     = ""

  validation {
    condition     = var.billing_account == "" || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "billing_account must have the form 012345-6789AB-CDEF01."
  }
}

variable "monthly_budget" {
  description = "The monthly budget, in whole units of the billing account's currency."
  type        = number
  default     = 100

  validation {
    condition     = var.monthly_budget >= 1 && floor(var.monthly_budget) == var.monthly_budget
    error_message = "monthly_budget must be a whole number of at least 1."
  }
}

variable "job_retention_days" {
  description = "The number of days after which a job and its data are deleted."
  type        = number
  default     = 30

  # A job that is redriven on its last day exists for as long again; buckets keep objects for 90 days.
  validation {
    condition     = var.job_retention_days >= 1 && var.job_retention_days <= 45
    error_message = "job_retention_days must be from 1 to 45."
  }
}

variable "max_instances" {
  description = "The maximum number of instances per function. It limits the cost of a burst."
  type        = number
  default     = 20

  validation {
    condition     = var.max_instances >= 1 && var.max_instances <= 1000
    error_message = "max_instances must be from 1 to 1000."
  }
}

variable "client_requests_per_minute" {
  description = "The maximum number of requests of a client address in a minute, at the load balancer. All users behind one address share it."
  type        = number
  default     = 3000

  validation {
    condition     = var.client_requests_per_minute >= 100 && var.client_requests_per_minute <= 10000 && floor(var.client_requests_per_minute) == var.client_requests_per_minute
    error_message = "client_requests_per_minute must be a whole number from 100 to 10000."
  }
}

variable "gemini_backend" {
  description = "The API that serves Gemini: vertex-ai with the function's own account, or developer-api with the secret GEMINI_API_KEY."
  type        = string
  default     = "vertex-ai"

  validation {
    condition     = contains(["vertex-ai", "developer-api"], var.gemini_backend)
    error_message = "gemini_backend must be vertex-ai or developer-api."
  }
}

variable "gemini_location" {
  description = "The location in which Vertex AI processes prompts: global, a region, or a multi-region such as eu. Not every model is available everywhere."
  type        = string
  default     = "global"

  validation {
    condition     = can(regex("^([a-z]{2}|global|[a-z]+-[a-z]+[0-9]+)$", var.gemini_location))
    error_message = "gemini_location must be global, a region such as europe-west1, or a multi-region such as eu."
  }
}

variable "gemini_client" {
  description = "The client library for Gemini in the package. Written by `python -m infra.tools.package`."
  type        = string
  default     = "google-genai"

  validation {
    condition     = var.gemini_client == "google-genai" || (var.gemini_client == "google-generativeai" && var.gemini_backend == "developer-api")
    error_message = "gemini_client must be google-genai, or google-generativeai with gemini_backend = developer-api."
  }
}

variable "illustrator" {
  description = "Who draws pictures for slides: empty for nobody, gemini, or module:factory. Written by `python -m infra.tools.package`."
  type        = string
  default     = ""

  validation {
    condition     = var.illustrator == "" || (var.illustrator == "gemini" && var.gemini_client == "google-genai") || can(regex("^(shared|functions\\.slide_generation)(\\.[a-z_][a-z0-9_]*)+:[a-z_][a-z0-9_]*$", var.illustrator))
    error_message = "illustrator must be empty, gemini with gemini_client = google-genai, or module:factory with a module of the package."
  }
}

variable "settings" {
  description = "Further settings of shared/runtime/settings.py for all functions, such as MOODREEL_DECK_MODEL."
  type        = map(string)
  default     = {}

  # Settings of the local suite would be a vulnerability here. The functions refuse them too.
  validation {
    condition     = alltrue([for name in keys(var.settings) : startswith(name, "MOODREEL_") && !contains(["MOODREEL_LOCAL", "MOODREEL_SIGNER_KEY", "MOODREEL_CRASH_DIR"], name)])
    error_message = "settings must start with MOODREEL_, and must not be settings of the local suite."
  }

  # Roles, secrets and services also depend on these variables.
  validation {
    condition     = alltrue([for name in keys(var.settings) : !contains(["MOODREEL_GEMINI_BACKEND", "MOODREEL_VERTEX_LOCATION", "MOODREEL_DECK_MODEL_CLIENT", "MOODREEL_ILLUSTRATOR", "MOODREEL_ALLOWED_ORIGINS"], name)])
    error_message = "Set gemini_backend, gemini_location and origins instead, and select the client and the illustrator with python -m infra.tools.package."
  }
}

variable "repository" {
  description = "The GitHub repository (OWNER/NAME), connected to Cloud Build, whose main branch is deployed; empty for none."
  type        = string
  default     = ""

  validation {
    condition     = var.repository == "" || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository must have the form owner/name."
  }
}

variable "protected" {
  description = "Whether database and buckets are protected from deletion. Set it to false in test projects only."
  type        = bool
  default     = true
}

variable "packages" {
  description = "The path of each function's zip, relative to the project root. Written by `python -m infra.tools.package`."
  type        = map(string)

  validation {
    condition     = alltrue([for path in values(var.packages) : can(regex("-[0-9a-f]{16}\\.zip$", path))])
    error_message = "The name of a package must contain the hash of its content: run python -m infra.tools.package."
  }
}

variable "functions" {
  description = "The rows of shared/pipeline.py. Written by `python -m infra.tools.render`."
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
    error_message = "Cloud Run serves concurrent requests only with one vCPU or more."
  }
}

variable "rendered_note" {
  description = "The origin of `functions`."
  type        = string
  default     = ""
}
