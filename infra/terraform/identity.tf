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

  # The web API key is public. Accounts are made and closed by the API alone, which writes to the
  # address first, and erases what is kept.
  client {
    permissions {
      disabled_user_signup   = true
      disabled_user_deletion = true
    }
  }

  depends_on = [google_project_service.used]
}

# Names the project to Google's sign-in; it is in every page and no secret. It opens nothing else.
resource "google_apikeys_key" "web" {
  name         = "moodreel-web"
  display_name = "Moodreel: signing in and reading one's own documents"

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
