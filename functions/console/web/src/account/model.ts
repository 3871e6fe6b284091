/** Types of the account API; they mirror the models in functions/api. */
import type { DataRequestPhase, DeliveryState, EmailState, JobOutcome, WebhookEvent } from "../contract.ts";

export interface Rate {
  quota: number;
  window_s: number;
  remaining: number;
  reset_s: number;
}

export interface Quota {
  quota: number;
  used: number;
}

export interface Usage {
  jobs: { open: number; done: number; failed: number; cancelled: number };
  files_made: number;
  minutes_in: number;
  minutes_made: number;
  stored_bytes: number;
  worked_s: number;
  cost_usd: number;
  limits: {
    job_creations: Rate;
    jobs_at_once: Quota;
    storage_bytes: Quota;
    upload_bytes: Record<string, number>;
  };
}

/** The emails that users choose. */
export type EmailKind = JobOutcome | "awaiting_review" | "export_ready";

export interface Email {
  id: string;
  /** Null for an email about the account. */
  job: string | null;
  to: string;
  subject: string;
  state: EmailState;
  created_at: string;
  sent_at: string | null;
}

export interface Preferences {
  mail: Record<EmailKind, boolean>;
}

export interface Webhook {
  id: string;
  url: string;
  events: WebhookEvent[];
  /** The reason why it is disabled, `gone` or `failing`; null when it is active. */
  disabled: string | null;
  disabled_at: string | null;
  failures: number;
  failing_since: string | null;
  last_error: { code: string; message: string; at: string } | null;
  secrets: number;
  created_at: string;
}

export interface WebhookSecret {
  webhook: Webhook;
  secret: string;
  old_secret_until: string | null;
}

export interface DeliveryAttempt {
  at: string;
  attempt: number;
  status: number | null;
  fault: string | null;
  duration_ms: number;
}

export interface Delivery {
  id: string;
  webhook_id: string;
  event: string;
  event_id: string;
  job_id: string | null;
  state: DeliveryState;
  attempts: number;
  next_try_at: string | null;
  error_code: string | null;
  error_message: string | null;
  tries: DeliveryAttempt[];
  body: unknown;
  created_at: string;
  finished_at: string | null;
}

export interface ShareLink {
  id: string;
  job: string;
  artifact: string;
  /** Shown on the link's page; "" discloses none. */
  title: string;
  created_at: string;
  expires_at: string;
  revoked: boolean;
  uses: number;
  last_used_at: string | null;
}

/** A new share link. No other response has its URLs. */
export interface NewShareLink extends ShareLink {
  /** The file for programs, the page for browsers. */
  url: string;
  page_url: string;
  /** The player for an iframe; null for what is not played. */
  embed_url: string | null;
}

export interface Profile {
  id: string;
  email: string;
  name: string | null;
  created_at: string;
}

export interface DataExport {
  id: string;
  phase: Extract<DataRequestPhase, "making" | "ready" | "expired">;
  requested_at: string;
  kept_until: string | null;
  parts: { name: string; size_bytes: number; url: string }[];
  error_message: string | null;
}

/** The phases of an erasure. */
export type Phase = Exclude<DataRequestPhase, DataExport["phase"]>;

export interface Erasure {
  id: string;
  url: string;
  phase: Phase;
  account: boolean;
  requested_at: string;
  next_step_at: string | null;
  error_message: string | null;
  receipt: string | null;
  inventory_url: string | null;
  keys_url: string;
}

/** An API key without its secret part. */
export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

/** A new key, which is shown once. */
export interface NewApiKey extends ApiKey {
  key: string;
}
