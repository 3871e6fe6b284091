# One origin for all HTTPS functions: an external HTTPS load balancer with one serverless endpoint
# group per function.
#
# Firebase Hosting is cheaper, but it ends every request after 60 s, cannot stream media, and is
# supported in google-beta only.
locals {
  # Paths of no other function go to the function without paths, or else to the first one.
  https_without_paths = [for name in sort(keys(local.https_functions)) : name if length(local.https_functions[name].paths) == 0]
  default_function    = concat(local.https_without_paths, sort(keys(local.https_functions)))[0]
  https_with_paths    = [for name in sort(keys(local.https_functions)) : name if length(local.https_functions[name].paths) > 0]
}

resource "google_compute_global_address" "front" {
  name = "moodreel"

  depends_on = [google_project_service.used]
}

resource "google_compute_region_network_endpoint_group" "this" {
  for_each = local.https_functions

  name                  = local.function_names[each.key]
  region                = var.region
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = google_cloudfunctions2_function.this[each.key].name
  }
}

resource "google_compute_backend_service" "this" {
  for_each = local.https_functions

  name                  = local.function_names[each.key]
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = google_compute_security_policy.front.id

  backend {
    group = google_compute_region_network_endpoint_group.this[each.key].id
  }

  # Paths contain capabilities (share links). The functions log routes; these logs would have paths.
  log_config {
    enable = false
  }
}

# The limit of all requests of a client, before a function starts for them. The functions count more
# precisely, by user and by route. Cloud Armor's counts are approximate and separate for each Google
# location:
# https://docs.cloud.google.com/armor/docs/rate-limiting-overview
resource "google_compute_security_policy" "front" {
  # checkov:skip=CKV_GCP_73: The rule is against Log4j, and no function contains Java or a library that evaluates log messages.
  name        = "moodreel"
  description = "At most ${var.client_requests_per_minute} requests of a client in a minute."

  rule {
    description = "A client with more requests gets 429."
    action      = "throttle"
    priority    = 1000

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }

    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      # The load balancer has an IPv4 address only. One client has one IPv4 address; an IPv6 client would
      # have many.
      enforce_on_key = "IP"

      rate_limit_threshold {
        count        = var.client_requests_per_minute
        interval_sec = 60
      }
    }
  }

  # The rule that every policy has. The one above allows or denies all requests before it.
  rule {
    action   = "allow"
    priority = 2147483647

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_compute_url_map" "front" {
  name            = "moodreel"
  default_service = google_compute_backend_service.this[local.default_function].id

  host_rule {
    hosts        = [var.domain]
    path_matcher = "all"
  }

  path_matcher {
    name            = "all"
    default_service = google_compute_backend_service.this[local.default_function].id

    dynamic "route_rules" {
      for_each = local.https_with_paths

      content {
        priority = route_rules.key + 1
        service  = google_compute_backend_service.this[route_rules.value].id

        dynamic "match_rules" {
          for_each = local.https_functions[route_rules.value].paths

          content {
            path_template_match = match_rules.value
          }
        }
      }
    }
  }
}

resource "google_compute_managed_ssl_certificate" "front" {
  name = "moodreel-${replace(var.domain, ".", "-")}"

  managed {
    domains = [var.domain]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_target_https_proxy" "front" {
  name             = "moodreel"
  url_map          = google_compute_url_map.front.id
  ssl_certificates = [google_compute_managed_ssl_certificate.front.id]
}

resource "google_compute_global_forwarding_rule" "https" {
  name                  = "moodreel-https"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.front.id
  port_range            = "443"
  target                = google_compute_target_https_proxy.front.id
}

# Redirects HTTP to HTTPS.
resource "google_compute_url_map" "to_https" {
  name = "moodreel-to-https"

  default_url_redirect {
    https_redirect         = true
    redirect_response_code = "MOVED_PERMANENTLY_DEFAULT"
    strip_query            = false
  }
}

resource "google_compute_target_http_proxy" "to_https" {
  name    = "moodreel-to-https"
  url_map = google_compute_url_map.to_https.id
}

resource "google_compute_global_forwarding_rule" "http" {
  name                  = "moodreel-http"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.front.id
  port_range            = "80"
  target                = google_compute_target_http_proxy.to_https.id
}
