/** API keys: create, list and delete. */
import { Plus } from "lucide";
import { useState } from "preact/hooks";
import { post, request } from "../api.ts";
import { LIMITS, type KeyScope } from "../contract.ts";
import { formatTimeAgo } from "../format.ts";
import { Button } from "../ui/button.tsx";
import { settings } from "../settings.ts";
import { curlListCode, pythonListCode } from "../new/request-code.ts";
import { CodeExamples } from "../ui/code-examples.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { CopyableText } from "../ui/copyable-text.tsx";
import { Field } from "../ui/field.tsx";
import { FormFooter } from "../ui/form-footer.tsx";
import { Icon } from "../ui/icon.tsx";
import { LoadError } from "../ui/load-error.tsx";
import { Panel } from "../ui/panel.tsx";
import { Loading } from "../ui/progress.tsx";
import { toast } from "../ui/toast.tsx";
import { useQuery } from "../ui/use-query.ts";
import { useAction, useSubmit } from "../ui/use-submit.ts";
import { KEY_RESOURCES, SCOPE_LABELS, chosenScopes, scopeAccess, shownScopes } from "./key-scopes.ts";
import type { ApiKey, NewApiKey } from "./model.ts";

export function ApiKeysSection() {
  const { data, error, refetch } = useQuery<{ keys: ApiKey[] }>("/v1/me/keys");
  const [isAdding, setIsAdding] = useState(false);
  const [newKey, setNewKey] = useState<NewApiKey | null>(null);
  if (!data) return error ? <LoadError error={error} onRetry={refetch} /> : <Loading text="Loading your API keys …" />;
  const onCreated = async (created: NewApiKey): Promise<void> => {
    setIsAdding(false);
    setNewKey(created);
    await refetch();
  };
  return (
    <>
      {data.keys.length === 0 && (
        <p class="empty">
          You have no API keys. A program uses a key instead of your password, and only for what you allow it to do.
        </p>
      )}
      {data.keys.length > 0 && (
        <ul class="links">
          {data.keys.map((key) => (
            <KeyRow key={key.id} apiKey={key} refetch={refetch} />
          ))}
        </ul>
      )}
      <p>
        <Button kind={data.keys.length ? "" : "primary"} onClick={() => setIsAdding(true)}>
          <Icon icon={Plus} size={16} /> Create a key
        </Button>
      </p>
      <section aria-labelledby="first-request">
        <h2 id="first-request">A first request</h2>
        <p>It lists your newest jobs. The form of a new job shows its own request in the same way.</p>
        <CodeExamples codeOf={(language) => (language === "curl" ? curlListCode(settings.api) : pythonListCode(settings.api))} />
      </section>
      {isAdding && <CreateKey onCreated={onCreated} onClose={() => setIsAdding(false)} />}
      {newKey && <NewKeyPanel newKey={newKey} onClose={() => setNewKey(null)} />}
    </>
  );
}

function KeyRow({ apiKey, refetch }: { apiKey: ApiKey; refetch: () => Promise<void> }) {
  const [isDeleting, setIsDeleting] = useState(false);
  const { busyLabel, run } = useAction();
  const now = new Date();
  const expiresAt = apiKey.expires_at ? new Date(apiKey.expires_at) : null;
  const hasExpired = expiresAt !== null && expiresAt <= now;
  const deleteKey = (): Promise<void> =>
    run("Deleting …", async () => {
      await request("DELETE", `/v1/me/keys/${apiKey.id}`);
      toast("The key is deleted. It is refused within a minute.");
      await refetch();
    });
  return (
    <li>
      <div class="row between">
        <strong>{apiKey.name}</strong>
        {hasExpired && <span class="badge failed">Expired</span>}
      </div>
      <span class="hint">
        <code>{apiKey.prefix}…</code> · {shownScopes(apiKey.scopes).join(" · ")}
      </span>
      <span class="hint">
        {apiKey.last_used_at ? `Last used ${formatTimeAgo(new Date(apiKey.last_used_at), now)}` : "Never used"} · created{" "}
        {formatTimeAgo(new Date(apiKey.created_at), now)} ·{" "}
        {expiresAt ? `${hasExpired ? "expired" : "expires"} ${expiresAt.toLocaleDateString()}` : "does not expire"}
      </span>
      <div class="row">
        <Button kind="quiet" onClick={() => setIsDeleting(true)}>
          Delete<span class="visually-hidden"> {apiKey.name}</span>
        </Button>
      </div>
      {isDeleting && (
        <Confirm
          title="Delete this key?"
          confirmLabel="Delete it"
          busyLabel={busyLabel}
          onConfirm={deleteKey}
          onClose={() => setIsDeleting(false)}
        >
          Programs that use <strong>{apiKey.name}</strong> are refused within a minute.
        </Confirm>
      )}
    </li>
  );
}

const VALIDITY_OPTIONS: readonly (readonly [string, string])[] = [
  ["7", "a week"],
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "a year"],
  ["", "no end"],
];

interface CreateKeyProps {
  onCreated: (newKey: NewApiKey) => Promise<void>;
  onClose: () => void;
}

function CreateKey({ onCreated, onClose }: CreateKeyProps) {
  const [name, setName] = useState("");
  const [access, setAccess] = useState<Readonly<Record<string, string>>>({ jobs: "write" });
  const [validDays, setValidDays] = useState("90");
  const submission = useSubmit();
  const scopes: KeyScope[] = chosenScopes(access);
  const submit = (event: Event): void => {
    event.preventDefault();
    void submission.run("Creating …", async () => {
      const body = { name: name.trim(), scopes, valid_days: validDays ? Number(validDays) : null };
      const { data } = await post<NewApiKey>("/v1/me/keys", body);
      await onCreated(data);
    });
  };
  const { fieldErrors } = submission;
  return (
    <Panel title="Create a key" onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <Field label="Name" hint="What will use it, such as “nightly batch”." error={fieldErrors.name}>
          {(ids) => (
            <input
              {...ids}
              type="text"
              required
              maxLength={LIMITS.maxKeyNameChars}
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Field>
        {KEY_RESOURCES.map(({ resource, label, hint }) => (
          <Field key={resource} label={label} hint={hint}>
            {(ids) => (
              <select
                {...ids}
                value={access[resource] ?? ""}
                onChange={(event) => setAccess({ ...access, [resource]: event.currentTarget.value })}
              >
                <option value="">No access</option>
                {scopeAccess(resource).map((value) => (
                  <option key={value} value={value}>
                    {SCOPE_LABELS[value]}
                  </option>
                ))}
              </select>
            )}
          </Field>
        ))}
        <Field label="Valid for" error={fieldErrors.valid_days}>
          {(ids) => (
            <select {...ids} value={validDays} onChange={(event) => setValidDays(event.currentTarget.value)}>
              {VALIDITY_OPTIONS.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Field>
        <FormFooter
          submitLabel="Create"
          submission={submission}
          errorShown={Boolean(fieldErrors.name || fieldErrors.valid_days)}
          disabled={scopes.length === 0}
          onClose={onClose}
        />
      </form>
    </Panel>
  );
}

function NewKeyPanel({ newKey, onClose }: { newKey: NewApiKey; onClose: () => void }) {
  return (
    <Panel title="Your new key" onClose={onClose} persistent>
      <p>
        Copy <strong>{newKey.name}</strong> now: it is not stored here and cannot be shown again. Whoever has it can do what
        you allowed it.
      </p>
      <CopyableText text={newKey.key} label="The API key" />
      <p class="hint">
        A program sends it with every request: <code>Authorization: Bearer {newKey.prefix}…</code>
      </p>
      <div class="row">
        <Button kind="primary" onClick={onClose}>
          I have copied it
        </Button>
      </div>
    </Panel>
  );
}
