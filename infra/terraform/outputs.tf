output "url" {
  description = "Where people find it."
  value       = "https://${var.domain}"
}

output "address" {
  description = "What the A record of `domain` points to."
  value       = google_compute_global_address.front.address
}

output "buckets" {
  description = "The buckets by role; model files go into `models`."
  value       = local.buckets
}

output "functions" {
  description = "Every function's own URL, for operators. Nobody outside the project gets an answer there."
  value       = { for name, one in google_cloudfunctions2_function.this : name => one.service_config[0].uri }
}

output "secrets" {
  description = "Which secrets need a value before the functions can be deployed."
  value       = sort(keys(google_secret_manager_secret.this))
}

output "dashboard" {
  description = "The dashboard's page."
  value       = "https://console.cloud.google.com/monitoring/dashboards?project=${var.project_id}"
}

output "deployer" {
  description = "The account that Cloud Build deploys as."
  value       = google_service_account.deployer.email
}
