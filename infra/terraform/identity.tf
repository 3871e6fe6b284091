# People sign in with an e-mail address and a password.
resource "google_identity_platform_config" "this" {
  authorized_domains         = [var.domain]
  autodelete_anonymous_users = true

  sign_in {
    allow_duplicate_emails = false

    email {
      enabled           = true
      password_required = true
    }

    anonymous {
      enabled = false
    }
  }

  depends_on = [google_project_service.used]
}
