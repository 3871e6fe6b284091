import type { ComponentChildren } from "preact";
import type { Webhook } from "./model.ts";

/** Why a webhook is disabled, with the button that enables it, or its last error while it is called. */
export function WebhookState({ webhook, children }: { webhook: Webhook; children: ComponentChildren }) {
  const lastError = webhook.last_error?.message;
  if (!webhook.disabled) {
    return lastError ? <p class="hint">Its last call failed: {lastError} If this goes on, it will be disabled.</p> : null;
  }
  const reason =
    webhook.disabled === "gone"
      ? "The server answered 410: there is nothing at this address any more."
      : "Its calls failed again and again.";
  return (
    <div class="note warning">
      <p>
        {reason} So it is not called
        {webhook.disabled_at && ` since ${new Date(webhook.disabled_at).toLocaleString()}`}.
        {lastError && ` The last error: ${lastError}`} Enable it once the server is back; what was missed can be
        replayed from the log.
      </p>
      <p>{children}</p>
    </div>
  );
}
