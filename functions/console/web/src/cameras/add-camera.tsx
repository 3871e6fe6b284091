import { useState } from "preact/hooks";
import { post } from "../api.ts";
import { LIMITS } from "../contract.ts";
import { settings } from "../settings.ts";
import { Panel } from "../ui/panel.tsx";
import { Field } from "../ui/field.tsx";
import { FormFooter } from "../ui/form-footer.tsx";
import { useSubmit } from "../ui/use-submit.ts";
import { withCredentials } from "./recipe-choice.ts";
import type { Camera } from "./model.ts";

/** Form that adds a camera by its address. The API never returns the password. */
export function AddCamera({
  onCreated,
  onClose,
}: {
  onCreated: (camera: Camera) => Promise<void>;
  onClose: () => void;
}) {
  const [name, setName] = useState("");
  const [isDevice, setIsDevice] = useState(false);
  const [deviceNumber, setDeviceNumber] = useState(0);
  const [address, setAddress] = useState("");
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const submission = useSubmit();
  const submit = (event: Event): void => {
    event.preventDefault();
    void submission.run("Adding it …", async () => {
      const source = isDevice ? { device: deviceNumber } : { url: withCredentials(address, user, password) };
      const { data } = await post<Camera>("/v1/cameras", { name: name.trim(), source });
      await onCreated(data);
    });
  };
  const { fieldErrors } = submission;
  const sourceError = fieldErrors["source.url"] ?? fieldErrors["source.device"] ?? fieldErrors.source;
  return (
    <Panel title="Add a camera" onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <Field label="Name" error={fieldErrors.name}>
          {(ids) => (
            <input
              {...ids}
              required
              maxLength={LIMITS.camera.maxNameChars}
              placeholder="Front door"
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Field>
        {settings.emulators && (
          <div class="choices">
            <label>
              <input
                type="checkbox"
                checked={isDevice}
                onChange={(event) => setIsDevice(event.currentTarget.checked)}
              />
              <span>It is plugged into the machine that Moodreel runs on</span>
            </label>
          </div>
        )}
        {isDevice ? (
          <Field label="Its number" hint="0 is the first one." error={sourceError}>
            {(ids) => (
              <input
                {...ids}
                type="number"
                min={0}
                max={LIMITS.camera.maxDevice}
                value={deviceNumber}
                onInput={(event) => setDeviceNumber(event.currentTarget.valueAsNumber || 0)}
              />
            )}
          </Field>
        ) : (
          <>
            <Field label="Address" hint="rtsp, http or https, as the camera’s manual gives it." error={sourceError}>
              {(ids) => (
                <input
                  {...ids}
                  inputMode="url"
                  required
                  maxLength={LIMITS.camera.maxUrlChars}
                  autocapitalize="off"
                  spellcheck={false}
                  placeholder="rtsp://camera.example.org/stream1"
                  value={address}
                  onInput={(event) => setAddress(event.currentTarget.value)}
                />
              )}
            </Field>
            <div class="field-pair">
              <Field label="User">
                {(ids) => (
                  <input
                    {...ids}
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck={false}
                    value={user}
                    onInput={(event) => setUser(event.currentTarget.value)}
                  />
                )}
              </Field>
              <Field label="Password">
                {(ids) => (
                  <input
                    {...ids}
                    type="password"
                    autocomplete="new-password"
                    value={password}
                    onInput={(event) => setPassword(event.currentTarget.value)}
                  />
                )}
              </Field>
            </div>
            <p class="hint">The camera’s own, if it asks for them. They are kept apart and shown nowhere again.</p>
          </>
        )}
        <FormFooter
          submitLabel="Add it"
          submission={submission}
          errorShown={Boolean(sourceError || fieldErrors.name)}
          onClose={onClose}
        />
      </form>
    </Panel>
  );
}
