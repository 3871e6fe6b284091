/** Form of a new job: files or prompt, consent and options. */
import { useEffect, useRef, useState } from "preact/hooks";
import { newIdempotencyKey } from "../api.ts";
import { LIMITS } from "../contract.ts";
import { navigate } from "../location.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { toast } from "../ui/toast.tsx";
import { errorMessage } from "../format.ts";
import { createJob } from "./create-job.ts";
import { type Files, DropZone, NO_FILES } from "./drop-zone.tsx";
import { acceptedKinds, fileKey, missingInputs } from "./files.ts";
import { OptionField } from "./option-field.tsx";
import {
  type Input,
  type Option,
  type OptionValues,
  type Recipe,
  changedOptions,
  offeredOptions,
  scoresFaces,
} from "./recipes.ts";
import { titleFromPrompt } from "./title.ts";
import { Webcam } from "./webcam.tsx";

/** A validation error and its field; "" for the whole form. */
interface FormError {
  field: "" | "prompt" | "files" | "consent" | "purpose";
  message: string;
}

export function NewForm({ recipe, inputs }: { recipe: Recipe; inputs: readonly Input[] }) {
  const [files, setFiles] = useState<Files>(NO_FILES);
  const [prompt, setPrompt] = useState("");
  const [sourceText, setSourceText] = useState("");
  const [title, setTitle] = useState("");
  const [hasConsent, setHasConsent] = useState(false);
  const [purpose, setPurpose] = useState("");
  const [optionValues, setOptionValues] = useState<OptionValues>({});
  const [recording, setRecording] = useState(false);
  const [busyLabel, setBusyLabel] = useState("");
  const [error, setError] = useState<FormError | null>(null);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>("[aria-invalid], [data-missing]")?.focus();
  }, [error]);
  const [idempotencyKeys, setIdempotencyKeys] = useState<Readonly<Record<string, string>>>({});

  const isScored = scoresFaces(recipe, hasConsent);
  const offered = offeredOptions(recipe, hasConsent);
  const takesPrompt = inputs.some((input) => input.kinds.includes("text"));
  const fileInputs = inputs.filter((input) => !input.kinds.includes("text"));
  const requiredInputs = fileInputs.filter((input) => !input.optional);
  const optionalInputs = fileInputs.filter((input) => input.optional);
  const takesVideo = requiredInputs.length === 1 && requiredInputs[0]?.kinds.includes("video");

  const validate = (): FormError | null => {
    if (takesPrompt && !prompt.trim() && !sourceText.trim())
      return { field: "prompt", message: "Write what the film shall be about, or give its text." };
    const [first] = missingInputs(requiredInputs, files.assigned);
    if (first) return { field: "files", message: `Choose ${acceptedKinds([first])} first.` };
    if (isScored && !hasConsent)
      return { field: "consent", message: "State that the people filmed agreed, or choose another recipe." };
    if (isScored && !purpose.trim())
      return { field: "purpose", message: "Say in a few words what the scores are for." };
    return null;
  };

  const submit = async (): Promise<void> => {
    const invalid = validate();
    setError(invalid);
    if (invalid) return;
    const options = {
      ...changedOptions(offered, optionValues),
      ...(isScored ? { consent: true, purpose: purpose.trim() } : {}),
    };
    const mainInput = requiredInputs[0];
    const jobs =
      mainInput && files.extra.length
        ? [
            files.assigned,
            ...files.extra.map((file) => [
              ...files.assigned.filter((entry) => entry.input !== mainInput.name),
              { input: mainInput.name, file },
            ]),
          ]
        : [files.assigned];
    let lastId = "";
    let nextKeys = { ...idempotencyKeys };
    try {
      for (const [index, jobFiles] of jobs.entries()) {
        setBusyLabel(jobs.length > 1 ? `Making job ${index + 1} of ${jobs.length} …` : "Making the job …");
        // The key depends on the request: the same request again creates no second job.
        const fileKeys = jobFiles.map((entry) => `${entry.input} ${fileKey(entry.file)}`);
        const requestKey = JSON.stringify([fileKeys, options, title, prompt, sourceText]);
        nextKeys = { ...nextKeys, [requestKey]: nextKeys[requestKey] ?? newIdempotencyKey() };
        setIdempotencyKeys(nextKeys);
        lastId = await createJob({
          recipe: recipe.name,
          options,
          prompt,
          sourceText,
          title: title.trim() || (takesPrompt ? titleFromPrompt(prompt.trim() ? prompt : sourceText) : ""),
          files: jobFiles,
          idempotencyKey: nextKeys[requestKey] as string,
        });
      }
      if (jobs.length > 1) toast(`${jobs.length} jobs are made; their files are on the way.`);
      navigate(jobs.length > 1 ? "/" : `/jobs/${lastId}`);
    } catch (error) {
      setError({ field: "", message: errorMessage(error) });
      setBusyLabel("");
    }
  };

  const errorFor = (field: FormError["field"]): string | undefined =>
    error?.field === field ? error.message : undefined;
  const renderOption = (option: Option) => (
    <OptionField
      key={option.name}
      option={option}
      language={optionValues.language ?? ""}
      value={optionValues[option.name] ?? option.default}
      onChange={(value) => setOptionValues((before) => ({ ...before, [option.name]: value }))}
    />
  );

  return (
    <form
      ref={form}
      class="new-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!busyLabel) void submit();
      }}
    >
      {takesPrompt && (
        <Field
          label="What shall the film be about?"
          hint="One sentence is enough; for whom it is helps."
          error={errorFor("prompt")}
        >
          {(ids) => (
            <textarea
              {...ids}
              rows={4}
              maxLength={LIMITS.maxPromptChars}
              placeholder="How photosynthesis works, for ten-year-olds"
              value={prompt}
              onInput={(event) => setPrompt(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      {requiredInputs.length > 0 &&
        (recording ? (
          <Webcam
            onClose={() => setRecording(false)}
            onUse={(file) => {
              const mainInput = requiredInputs[0] as Input;
              setFiles((before) => ({
                ...before,
                errors: [],
                assigned: [
                  ...before.assigned.filter((file) => file.input !== mainInput.name),
                  { input: mainInput.name, file },
                ],
              }));
              setRecording(false);
            }}
          />
        ) : (
          <>
            <DropZone
              inputs={fileInputs.length > requiredInputs.length ? fileInputs : requiredInputs}
              files={files}
              label={dropLabel(requiredInputs)}
              missingMessage={errorFor("files")}
              onChange={setFiles}
            />
            {takesVideo && (
              <p>
                <Button onClick={() => setRecording(true)}>Record with the camera</Button>
              </p>
            )}
          </>
        ))}
      {recipe.consent && (
        <fieldset class="consent">
          <legend>{recipe.consent === "required" ? "Whose faces are these?" : "Shall faces be read?"}</legend>
          {recipe.consent === "optional" && (
            <p class="hint">
              Then the film shows the strongest moments. Otherwise it shows the scenes of the video, and no face is
              searched.
            </p>
          )}
          <label class="switch">
            <input
              type="checkbox"
              checked={hasConsent}
              aria-invalid={errorFor("consent") ? "true" : undefined}
              aria-describedby={errorFor("consent") ? "consent-error" : undefined}
              onChange={(event) => setHasConsent(event.currentTarget.checked)}
            />
            <span>The people filmed agreed to have their expressions scored.</span>
          </label>
          {errorFor("consent") && (
            <p class="error-text" id="consent-error">
              {errorFor("consent")}
            </p>
          )}
          {isScored && (
            <Field
              label="What the scores are for"
              error={errorFor("purpose")}
              hint="Such as research, or a film for the family. Scoring people at work or in education is prohibited in the European Union."
            >
              {(ids) => (
                <input
                  {...ids}
                  type="text"
                  maxLength={LIMITS.maxPurposeChars}
                  value={purpose}
                  onInput={(event) => setPurpose(event.currentTarget.value)}
                />
              )}
            </Field>
          )}
        </fieldset>
      )}
      <div class="options">
        {offered.filter((option) => !option.advanced && option.kind !== "switch").map(renderOption)}
      </div>
      {offered.filter((option) => !option.advanced && option.kind === "switch").map(renderOption)}
      <details class="more">
        <summary>More options</summary>
        <div class="options">
          <Field label="Title" hint="Empty takes the file’s name, or your first words.">
            {(ids) => (
              <input
                {...ids}
                type="text"
                maxLength={LIMITS.maxTitleChars}
                value={title}
                onInput={(event) => setTitle(event.currentTarget.value)}
              />
            )}
          </Field>
          {offered.filter((option) => option.advanced && option.kind !== "switch").map(renderOption)}
        </div>
        {offered.filter((option) => option.advanced && option.kind === "switch").map(renderOption)}
        {takesPrompt && (
          <Field
            label="A text to draw on"
            hint="What is said keeps to it. Empty lets the writer draw on what it knows."
          >
            {(ids) => (
              <textarea
                {...ids}
                rows={5}
                maxLength={LIMITS.maxPromptChars}
                value={sourceText}
                onInput={(event) => setSourceText(event.currentTarget.value)}
              />
            )}
          </Field>
        )}
        {requiredInputs.length === 0 && optionalInputs.length > 0 && (
          <DropZone
            inputs={optionalInputs}
            files={files}
            label="Pictures for the slides, music under them"
            onChange={setFiles}
          />
        )}
      </details>
      {errorFor("") && (
        <p class="error-text" role="alert">
          {errorFor("")}
        </p>
      )}
      <p class="row">
        <Button kind="primary" type="submit" busyLabel={busyLabel}>
          {files.extra.length ? `Make ${files.extra.length + 1} jobs` : "Make it"}
        </Button>
        <a class="button quiet" href="/new">
          Another recipe
        </a>
      </p>
    </form>
  );
}

function dropLabel(requiredInputs: readonly Input[]): string {
  const nouns = requiredInputs.map((input) => acceptedKinds([input]).replace(/^a /, ""));
  const text = nouns.length > 1 ? `Your ${nouns.slice(0, -1).join(", ")} and your ${nouns.at(-1)}` : `Your ${nouns[0]}`;
  return text;
}
