import { useState } from "preact/hooks";
import { newKey, post } from "../api.ts";
import { Box } from "../ui/panel.tsx";
import { Field } from "../ui/field.tsx";
import { FormEnd } from "../ui/form-end.tsx";
import { useSending } from "../ui/use-submit.ts";
import { ChoiceForm } from "./choice-form.tsx";
import { type Choice, NOTHING, wished } from "./choice.ts";
import type { Camera, Recording } from "./model.ts";

const PRE_ROLL_S = 10;
const LENGTHS = [
  ["60", "1 minute"],
  ["600", "10 minutes"],
  ["1800", "30 minutes"],
  ["3600", "1 hour"],
] as const;

/** What a recording is to be: how long, with what came before, and what is made of it. */
export function Starting({
  camera,
  looks,
  onMade,
  onClose,
}: {
  camera: Camera;
  /** A preview runs: what it showed last can be part of the recording. */
  looks: boolean;
  onMade: (recording: Recording) => Promise<void>;
  onClose: () => void;
}) {
  const [title, setTitle] = useState("");
  const [length, setLength] = useState("600");
  const [before, setBefore] = useState(looks);
  const [choice, setChoice] = useState<Choice>(NOTHING);
  const [key] = useState(newKey);
  const sending = useSending();
  const start = (event: Event): void => {
    event.preventDefault();
    void sending.send("Starting …", async () => {
      const body = {
        source: { camera: camera.id },
        ...(title.trim() ? { title: title.trim() } : {}),
        pre_roll_s: looks && before ? PRE_ROLL_S : 0,
        max_duration_s: Number(length),
        ...wished(choice),
      };
      const { data } = await post<Recording>("/v1/recordings", body, { key });
      await onMade(data);
    });
  };
  const { fields } = sending;
  return (
    <Box title={`Record ${camera.name}`} onClose={onClose}>
      <form class="stack" onSubmit={start}>
        <Field label="Title" wrong={fields.title}>
          {(ids) => (
            <input
              {...ids}
              maxLength={200}
              placeholder={camera.name}
              value={title}
              onInput={(event) => setTitle(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label="At most" hint="It ends by then; you can stop it before." wrong={fields.max_duration_s}>
          {(ids) => (
            <select {...ids} value={length} onChange={(event) => setLength(event.currentTarget.value)}>
              {LENGTHS.map(([value, words]) => (
                <option key={value} value={value}>
                  {words}
                </option>
              ))}
            </select>
          )}
        </Field>
        <div class="choices">
          <label>
            <input
              type="checkbox"
              disabled={!looks}
              checked={looks && before}
              onChange={(event) => setBefore(event.currentTarget.checked)}
            />
            <span>
              With the {PRE_ROLL_S} seconds before
              <span class="hint">
                {looks ? "What the live picture showed last is part of it." : "Only while the live picture is looked at."}
              </span>
            </span>
          </label>
        </div>
        <ChoiceForm value={choice} onChange={setChoice} wrong={fields} />
        <FormEnd deed="Start recording" sending={sending} onClose={onClose} />
      </form>
    </Box>
  );
}
