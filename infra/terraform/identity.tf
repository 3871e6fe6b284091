# Users sign in with an email address and a password.
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

  # The web API key is public. Only the API creates and deletes accounts: it confirms the address
  # first, and erases the user's data.
  client {
    permissions {
      disabled_user_signup   = true
      disabled_user_deletion = true
    }
  }

  depends_on = [google_project_service.used]
}

# Identifies the project to Google's sign-in. It is in every page and not secret; it grants nothing else.
resource "google_apikeys_key" "web" {
  name         = "moodreel-web"
  display_name = "Moodreel: sign-in and access to own documents"

  restrictions {
    dynamic "api_targets" {
      for_each = ["firestore", "identitytoolkit", "securetoken"]

      content {
        service = "${api_targets.value}.googleapis.com"
      }
    }
  }

  depends_on = [google_project_service.used]
}
