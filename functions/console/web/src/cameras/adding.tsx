import { useState } from "preact/hooks";
import { post } from "../api.ts";
import { settings } from "../settings.ts";
import { Box } from "../ui/panel.tsx";
import { Field } from "../ui/field.tsx";
import { FormEnd } from "../ui/form-end.tsx";
import { useSending } from "../ui/use-submit.ts";
import { withCredentials } from "./choice.ts";
import type { Camera } from "./model.ts";

/** A camera by its address; its password is sent once and shown nowhere again. */
export function Adding({ onMade, onClose }: { onMade: (camera: Camera) => Promise<void>; onClose: () => void }) {
  const [name, setName] = useState("");
  const [device, setDevice] = useState(false);
  const [number, setNumber] = useState(0);
  const [address, setAddress] = useState("");
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const sending = useSending();
  const add = (event: Event): void => {
    event.preventDefault();
    void sending.send("Adding it …", async () => {
      const source = device ? { device: number } : { url: withCredentials(address, user, password) };
      const { data } = await post<Camera>("/v1/cameras", { name: name.trim(), source });
      await onMade(data);
    });
  };
  const { fields } = sending;
  const ofSource = fields["source.url"] ?? fields["source.device"] ?? fields.source;
  return (
    <Box title="Add a camera" onClose={onClose}>
      <form class="stack" onSubmit={add}>
        <Field label="Name" wrong={fields.name}>
          {(ids) => (
            <input
              {...ids}
              required
              maxLength={100}
              placeholder="Front door"
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Field>
        {settings.emulators && (
          <div class="choices">
            <label>
              <input type="checkbox" checked={device} onChange={(event) => setDevice(event.currentTarget.checked)} />
              <span>It is plugged into the machine that Moodreel runs on</span>
            </label>
          </div>
        )}
        {device ? (
          <Field label="Its number" hint="0 is the first one." wrong={ofSource}>
            {(ids) => (
              <input
                {...ids}
                type="number"
                min={0}
                max={15}
                value={number}
                onInput={(event) => setNumber(event.currentTarget.valueAsNumber || 0)}
              />
            )}
          </Field>
        ) : (
          <>
            <Field label="Address" hint="rtsp, http or https, as the camera’s manual gives it." wrong={ofSource}>
              {(ids) => (
                <input
                  {...ids}
                  inputMode="url"
                  required
                  maxLength={500}
                  autocapitalize="off"
                  spellcheck={false}
                  placeholder="rtsp://camera.example.org/stream1"
                  value={address}
                  onInput={(event) => setAddress(event.currentTarget.value)}
                />
              )}
            </Field>
            <div class="pair">
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
        <FormEnd deed="Add it" sending={sending} told={Boolean(ofSource || fields.name)} onClose={onClose} />
      </form>
    </Box>
  );
}
