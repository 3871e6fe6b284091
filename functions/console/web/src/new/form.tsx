/** Form of a new job: files or prompt, consent and options. */
import { Webcam as WebcamIcon } from "lucide";
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem, newIdempotencyKey } from "../api.ts";
import { LIMITS } from "../contract.ts";
import { navigate } from "../location.ts";
import { settings } from "../settings.ts";
import { Button } from "../ui/button.tsx";
import { CodeDisclosure } from "../ui/code-examples.tsx";
import { Field } from "../ui/field.tsx";
import { Icon } from "../ui/icon.tsx";
import { toast } from "../ui/toast.tsx";
import { useUnsavedWork } from "../ui/use-unsaved-work.ts";
import { errorMessage } from "../format.ts";
import { ConsentFields } from "./consent-fields.tsx";
import { createJob } from "./create-job.ts";
import { type ChosenFile, type Files, DropZone, NO_FILES } from "./drop-zone.tsx";
import { type AssignedFile, acceptedKinds, assignFiles, fileKey, missingInputs, typeOf } from "./files.ts";
import {
  CONSENT_FIELD,
  FILES_FIELD,
  type FormErrors,
  LINK_FIELD,
  NO_ERRORS,
  PROMPT_FIELD,
  PURPOSE_FIELD,
  TITLE_FIELD,
  assignErrors,
  linkField,
  nameLinks,
  optionField,
} from "./form-errors.ts";
import { isLink, linkProblem } from "./links.ts";
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
import { type CodeInput, type CodeRequest, curlCode, pythonCode } from "./request-code.ts";
import { SampleClip } from "./sample-clip-button.tsx";
import { SourceFiles } from "./source-files.tsx";
import {
  type Prefill,
  type SourceInput,
  NO_PREFILL,
  keptOptionsText,
  suppliedInputs,
  withoutFaceOptions,
} from "./source-job.ts";
import { titleFromPrompt } from "./title.ts";
import { Webcam } from "./webcam.tsx";

interface NewFormProps {
  recipe: Recipe;
  inputs: readonly Input[];
  /** What the form begins with. */
  prefill?: Prefill;
}

export function NewForm({ recipe, inputs, prefill = NO_PREFILL }: NewFormProps) {
  const [files, setFiles] = useState<Files>(NO_FILES);
  const [linkText, setLinkText] = useState("");
  const [source, setSource] = useState(prefill.source);
  const [prompt, setPrompt] = useState(prefill.prompt);
  const [sourceText, setSourceText] = useState(prefill.sourceText);
  const [title, setTitle] = useState(prefill.title);
  const [hasConsent, setHasConsent] = useState(false);
  const [purpose, setPurpose] = useState(prefill.purpose);
  const [optionValues, setOptionValues] = useState<OptionValues>(prefill.optionValues);
  const [recording, setRecording] = useState(false);
  const [busyLabel, setBusyLabel] = useState("");
  const [errors, setErrors] = useState<FormErrors>(NO_ERRORS);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>("[aria-invalid], [data-missing]")?.focus();
  }, [errors]);
  const [idempotencyKeys, setIdempotencyKeys] = useState<Readonly<Record<string, string>>>({});

  const isFilled =
    files.assigned.length > 0 ||
    prompt !== prefill.prompt ||
    sourceText !== prefill.sourceText ||
    Boolean(linkText.trim());
  useUnsavedWork(isFilled ? "The new job is not created yet. Leave and discard what you entered?" : "");
  const isScored = scoresFaces(recipe, hasConsent);
  const offered = offeredOptions(recipe, hasConsent);
  const takesPrompt = inputs.some((input) => input.kinds.includes("text"));
  const fileInputs = inputs.filter((input) => !input.kinds.includes("text"));
  const requiredInputs = fileInputs.filter((input) => !input.optional);
  const supplied = source ? suppliedInputs(fileInputs, source) : new Map<string, SourceInput>();
  const isSupplied = (input: Input): boolean => input.names.some((name) => supplied.has(name));
  const openInputs = requiredInputs.filter((input) => !isSupplied(input));
  // The names that the other job does not supply.
  const namesLeft = (input: Input): string[] => input.names.filter((name) => !supplied.has(name));
  const inputsLeft = fileInputs
    .map((input) => ({ ...input, names: namesLeft(input) }))
    .filter((input) => input.names.length > 0);
  const from = supplied.size && source ? source.id : "";
  const takesVideo = openInputs.length === 1 && requiredInputs.length === 1 && requiredInputs[0]?.kinds.includes("video");
  const requestTitle =
    title.trim() || (takesPrompt ? titleFromPrompt(prompt.trim() ? prompt : sourceText) : "");
  const keptOptions = isScored ? prefill.keptOptions : withoutFaceOptions(prefill.keptOptions);
  const keptText = keptOptionsText(keptOptions);
  const requestOptions = {
    ...keptOptions,
    ...changedOptions(offered, optionValues),
    ...(isScored ? { consent: hasConsent, purpose: purpose.trim() } : {}),
  };

  const findErrors = (): FormErrors => {
    const found: Record<string, string> = {};
    if (takesPrompt && !prompt.trim() && !sourceText.trim())
      found[PROMPT_FIELD] = "Write what the film is about, or give its text.";
    const [first] = missingInputs(openInputs, files.assigned);
    // A link that is complete was added when its field was left.
    if (linkText.trim()) found[LINK_FIELD] = linkProblem(linkText) || "Press Enter to add the link.";
    else if (first) found[FILES_FIELD] = `Choose ${acceptedKinds([first])} first.`;
    if (isScored && !hasConsent)
      found[CONSENT_FIELD] = "State that the people filmed agreed, or choose another recipe.";
    if (isScored && !purpose.trim()) found[PURPOSE_FIELD] = "Say in a few words what the scores are for.";
    return found;
  };
  const shownFields = [
    ...(takesPrompt ? [PROMPT_FIELD] : []),
    ...(fileInputs.length ? [FILES_FIELD] : []),
    ...[...files.assigned.map((entry) => entry.file), ...files.extra].map(linkField),
    ...(recipe.consent ? [CONSENT_FIELD] : []),
    ...(isScored ? [PURPOSE_FIELD] : []),
    TITLE_FIELD,
    ...offered.filter((option) => option.kind !== "switch" && option.kind !== "voice").map(optionField),
  ];

  const submit = async (): Promise<void> => {
    const found = findErrors();
    setErrors(found);
    if (Object.keys(found).length) return;
    const mainInput = requiredInputs[0];
    const jobs: AssignedFile<ChosenFile>[][] =
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
    let sent: AssignedFile<ChosenFile>[] = [];
    let nextKeys = { ...idempotencyKeys };
    try {
      for (const [index, jobFiles] of jobs.entries()) {
        sent = jobFiles;
        setBusyLabel(jobs.length > 1 ? `Creating job ${index + 1} of ${jobs.length} …` : "Creating the job …");
        // The key depends on the request: the same request again creates no second job.
        const fileKeys = jobFiles.map((entry) => `${entry.input} ${fileKey(entry.file)}`);
        const requestKey = JSON.stringify([fileKeys, requestOptions, title, prompt, sourceText, from]);
        nextKeys = { ...nextKeys, [requestKey]: nextKeys[requestKey] ?? newIdempotencyKey() };
        setIdempotencyKeys(nextKeys);
        lastId = await createJob({
          recipe: recipe.name,
          options: requestOptions,
          prompt,
          sourceText,
          title: requestTitle,
          files: jobFiles,
          from,
          idempotencyKey: nextKeys[requestKey] as string,
        });
      }
      if (jobs.length > 1) toast(`${jobs.length} jobs are created. Their files are being uploaded.`);
      navigate(jobs.length > 1 ? "/" : `/jobs/${lastId}`);
    } catch (error) {
      const apiErrors = error instanceof Problem ? nameLinks(error.fieldErrors, sent) : {};
      setErrors(assignErrors(apiErrors, shownFields, errorMessage(error)));
      setBusyLabel("");
    }
  };

  // Without required inputs, the files are among the advanced fields.
  const linkErrors = requiredInputs.length
    ? []
    : Object.keys(errors).filter((field) => field === FILES_FIELD || field.startsWith(LINK_FIELD));
  const links = { linkText, errors, onLinkText: setLinkText };
  const codeRequest = (): CodeRequest => ({
    recipe: recipe.name,
    title: requestTitle,
    options: requestOptions,
    inputs: [
      ...files.assigned.map(({ input, file }) => ({
        input,
        filename: file.name,
        contentType: typeOf(file),
        sizeBytes: file.size,
        ...(isLink(file) ? { url: file.url } : {}),
      })),
      ...missingInputs(openInputs, files.assigned).map(exampleInput),
    ],
    prompt: takesPrompt ? prompt : "",
    text: takesPrompt ? sourceText.trim() : "",
    from,
  });

  const isAdvancedInvalid = [TITLE_FIELD, ...linkErrors, ...offered.filter((option) => option.advanced).map(optionField)].some(
    (field) => errors[field],
  );
  const renderOption = (option: Option) => (
    <OptionField
      key={option.name}
      option={option}
      language={optionValues.language ?? ""}
      value={optionValues[option.name] ?? option.default}
      error={errors[optionField(option)]}
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
          label="What is the film about?"
          hint="One sentence is enough; for whom it is helps."
          error={errors[PROMPT_FIELD]}
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
      {source && supplied.size > 0 && (
        <SourceFiles
          source={source}
          inputs={[...supplied.values()]}
          error={openInputs.length ? undefined : errors[FILES_FIELD]}
          onReplace={() => setSource(null)}
        />
      )}
      {requiredInputs.length > 0 &&
        inputsLeft.length > 0 &&
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
              inputs={inputsLeft}
              files={files}
              label={openInputs.length ? dropLabel(openInputs) : "More files"}
              missingMessage={openInputs.length ? errors[FILES_FIELD] : undefined}
              {...links}
              onChange={setFiles}
            />
            {takesVideo && (
              <p class="row">
                <Button onClick={() => setRecording(true)}>
                  <Icon icon={WebcamIcon} size={16} /> Record with the camera
                </Button>
                <SampleClip onUse={(file) => setFiles((before) => assignFiles(requiredInputs, [file], before))} />
              </p>
            )}
          </>
        ))}
      {recipe.consent && (
        <ConsentFields
          required={recipe.consent === "required"}
          hasConsent={hasConsent}
          isScored={isScored}
          purpose={purpose}
          errors={errors}
          onConsent={setHasConsent}
          onPurpose={setPurpose}
        />
      )}
      <div class="options">
        {offered.filter((option) => !option.advanced && option.kind !== "switch").map(renderOption)}
      </div>
      {offered.filter((option) => !option.advanced && option.kind === "switch").map(renderOption)}
      {keptText && <p class="hint">Also kept: {keptText}.</p>}
      <details class="more" {...(isAdvancedInvalid ? { open: true } : {})}>
        <summary>More options</summary>
        <div class="options">
          <Field
            label="Title"
            hint="Empty takes the file’s name, or your first words."
            error={errors[TITLE_FIELD]}
          >
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
        {requiredInputs.length === 0 && inputsLeft.length > 0 && (
          <DropZone
            inputs={inputsLeft}
            files={files}
            label="Pictures for the slides, music under them"
            missingMessage={errors[FILES_FIELD]}
            {...links}
            onChange={setFiles}
          />
        )}
      </details>
      <CodeDisclosure
        note={files.extra.length ? `It is the first of ${files.extra.length + 1} jobs.` : ""}
        codeOf={(language) => {
          const request = codeRequest();
          return language === "curl" ? curlCode(request, settings.api) : pythonCode(request, settings.api);
        }}
      />
      {errors[""] && (
        <p class="error-text" role="alert">
          {errors[""]}
        </p>
      )}
      <p class="row">
        <Button kind="primary" type="submit" busyLabel={busyLabel}>
          {files.extra.length ? `Create ${files.extra.length + 1} jobs` : "Create job"}
        </Button>
        <a class="button quiet" href={source ? `/new?source=${source.id}` : "/new"}>
          Another recipe
        </a>
      </p>
    </form>
  );
}

const EXAMPLE_FILES: Readonly<Record<string, string>> = { audio: "sound.mp3", image: "picture.jpg" };

/** A file for the code while none is chosen. */
function exampleInput({ name, kinds }: Input): CodeInput {
  const filename = EXAMPLE_FILES[kinds[0] ?? ""] ?? "video.mp4";
  return { input: name, filename, contentType: typeOf({ name: filename, type: "", size: 0, lastModified: 0 }), sizeBytes: null };
}

function dropLabel(requiredInputs: readonly Input[]): string {
  const nouns = requiredInputs.map((input) => acceptedKinds([input]).replace(/^a /, ""));
  const text = nouns.length > 1 ? `Your ${nouns.slice(0, -1).join(", ")} and your ${nouns.at(-1)}` : `Your ${nouns[0]}`;
  return text;
}
