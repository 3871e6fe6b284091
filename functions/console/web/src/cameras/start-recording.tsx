import { useState } from "preact/hooks";
import { newIdempotencyKey, post } from "../api.ts";
import { LIMITS } from "../contract.ts";
import { Panel } from "../ui/panel.tsx";
import { Field } from "../ui/field.tsx";
import { FormFooter } from "../ui/form-footer.tsx";
import { useSubmit } from "../ui/use-submit.ts";
import { RecipeForm } from "./recipe-form.tsx";
import { type RecipeChoice, NO_RECIPE, toRecipeFields } from "./recipe-choice.ts";
import type { Camera, Recording } from "./model.ts";

const DURATIONS = [
  ["60", "1 minute"],
  ["600", "10 minutes"],
  ["1800", "30 minutes"],
  ["3600", "1 hour"],
] as const;

/** Form that starts a recording: duration, pre-roll and recipe. */
export function StartRecording({
  camera,
  previewing,
  onStarted,
  onClose,
}: {
  camera: Camera;
  /** A preview is running, so the recording can include a pre-roll. */
  previewing: boolean;
  onStarted: (recording: Recording) => Promise<void>;
  onClose: () => void;
}) {
  const [title, setTitle] = useState("");
  const [maxDuration, setMaxDuration] = useState("600");
  const [withPreRoll, setWithPreRoll] = useState(previewing);
  const [choice, setChoice] = useState<RecipeChoice>(NO_RECIPE);
  const [idempotencyKey] = useState(newIdempotencyKey);
  const submission = useSubmit();
  const submit = (event: Event): void => {
    event.preventDefault();
    void submission.run("Starting …", async () => {
      const body = {
        source: { camera: camera.id },
        ...(title.trim() ? { title: title.trim() } : {}),
        pre_roll_s: previewing && withPreRoll ? LIMITS.camera.maxPreRollS : 0,
        max_duration_s: Number(maxDuration),
        ...toRecipeFields(choice),
      };
      const { data } = await post<Recording>("/v1/recordings", body, { idempotencyKey });
      await onStarted(data);
    });
  };
  const { fieldErrors } = submission;
  return (
    <Panel title={`Record ${camera.name}`} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <Field label="Title" error={fieldErrors.title}>
          {(ids) => (
            <input
              {...ids}
              maxLength={LIMITS.maxTitleChars}
              placeholder={camera.name}
              value={title}
              onInput={(event) => setTitle(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label="At most" hint="It ends by then; you can stop it before." error={fieldErrors.max_duration_s}>
          {(ids) => (
            <select {...ids} value={maxDuration} onChange={(event) => setMaxDuration(event.currentTarget.value)}>
              {DURATIONS.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Field>
        <div class="choices">
          <label>
            <input
              type="checkbox"
              disabled={!previewing}
              checked={previewing && withPreRoll}
              onChange={(event) => setWithPreRoll(event.currentTarget.checked)}
            />
            <span>
              With the {LIMITS.camera.maxPreRollS} seconds before
              <span class="hint">
                {previewing
                  ? "What the live picture showed last is part of it."
                  : "Only while the live picture is looked at."}
              </span>
            </span>
          </label>
        </div>
        <RecipeForm value={choice} onChange={setChoice} fieldErrors={fieldErrors} />
        <FormFooter submitLabel="Start recording" submission={submission} onClose={onClose} />
      </form>
    </Panel>
  );
}
