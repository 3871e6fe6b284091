output "url" {
  description = "The public URL."
  value       = "https://${var.domain}"
}

output "address" {
  description = "The address for the A record of `domain`."
  value       = google_compute_global_address.front.address
}

output "buckets" {
  description = "The buckets by role. Model files are uploaded to `models`."
  value       = local.buckets
}

output "functions" {
  description = "The URL of each function, for operators. It accepts no requests from outside the project."
  value       = { for name, function in google_cloudfunctions2_function.this : name => function.service_config[0].uri }
}

output "secrets" {
  description = "The secrets that need a value before the functions can be deployed."
  value       = sort(keys(google_secret_manager_secret.this))
}

output "dashboard" {
  description = "The URL of the dashboard."
  value       = "https://console.cloud.google.com/monitoring/dashboards?project=${var.project_id}"
}

output "deployer" {
  description = "The service account with which Cloud Build deploys."
  value       = google_service_account.deployer.email
}
