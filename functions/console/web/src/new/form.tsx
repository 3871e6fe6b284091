/** What one recipe asks for: files or words, consent where it is needed, and options. */
import { useEffect, useRef, useState } from "preact/hooks";
import { newKey } from "../api.ts";
import { navigate } from "../location.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { toast } from "../ui/toast.tsx";
import { sentence } from "../words.ts";
import { begin } from "./begin.ts";
import { Drop, type Files, NONE } from "./drop.tsx";
import { markOf, missing, takes } from "./files.ts";
import { OptionField } from "./option.tsx";
import { type Chosen, type Input, type Option, type Recipe, optionsOf } from "./recipes.ts";
import { titleOf } from "./title.ts";
import { Webcam } from "./webcam.tsx";

const PROMPT_CHARS = 100_000;

/** What is missing before a job can be made, and where; "" is nowhere in particular. */
interface Lack {
  at: "" | "prompt" | "files" | "consent" | "purpose";
  words: string;
}

export function NewForm({ recipe, inputs }: { recipe: Recipe; inputs: readonly Input[] }) {
  const [files, setFiles] = useState<Files>(NONE);
  const [prompt, setPrompt] = useState("");
  const [source, setSource] = useState("");
  const [title, setTitle] = useState("");
  const [agreed, setAgreed] = useState(false);
  const [purpose, setPurpose] = useState("");
  const [chosen, setChosen] = useState<Chosen>({});
  const [recording, setRecording] = useState(false);
  const [busy, setBusy] = useState("");
  const [wrong, setWrong] = useState<Lack | null>(null);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>("[aria-invalid], [data-lack]")?.focus();
  }, [wrong]);
  const [keys, setKeys] = useState<Readonly<Record<string, string>>>({});

  const typed = inputs.some((one) => one.kinds.includes("text"));
  const dropped = inputs.filter((one) => !one.kinds.includes("text"));
  const needed = dropped.filter((one) => !one.optional);
  const optional = dropped.filter((one) => one.optional);
  const filmed = needed.length === 1 && needed[0]?.kinds.includes("video");

  const lacks = (): Lack | null => {
    if (typed && !prompt.trim()) return { at: "prompt", words: "Write what the film shall be about." };
    const [first] = missing(needed, files.placed);
    if (first) return { at: "files", words: `Choose ${takes([first])} first.` };
    if (recipe.consent && !agreed)
      return { at: "consent", words: "State that the people filmed agreed, or choose another recipe." };
    if (recipe.consent && !purpose.trim()) return { at: "purpose", words: "Say in a few words what the scores are for." };
    return null;
  };

  const submit = async (): Promise<void> => {
    const lack = lacks();
    setWrong(lack);
    if (lack) return;
    const options = {
      ...optionsOf(recipe, chosen),
      ...(recipe.consent ? { consent: true, purpose: purpose.trim() } : {}),
    };
    const main = needed[0];
    const wishes =
      main && files.further.length
        ? [files.placed, ...files.further.map((file) => [...files.placed.filter((one) => one.for !== main.name), { for: main.name, file }])]
        : [files.placed];
    let last = "";
    let made = { ...keys };
    try {
      for (const [number, placed] of wishes.entries()) {
        setBusy(wishes.length > 1 ? `Making job ${number + 1} of ${wishes.length} …` : "Making the job …");
        // What was asked for is part of the key: the same again is the same job, another wish another one.
        const named = placed.map((one) => `${one.for} ${markOf(one.file)}`);
        const mark = JSON.stringify([named, options, title, prompt, source]);
        made = { ...made, [mark]: made[mark] ?? newKey() };
        setKeys(made);
        last = await begin({
          recipe: recipe.name, options, prompt, source,
          title: title.trim() || (typed ? titleOf(prompt) : ""),
          files: placed,
          key: made[mark] as string,
        });
      }
      if (wishes.length > 1) toast(`${wishes.length} jobs are made; their files are on the way.`);
      navigate(wishes.length > 1 ? "/" : `/jobs/${last}`);
    } catch (fault) {
      setWrong({ at: "", words: sentence(fault) });
      setBusy("");
    }
  };

  const wrongAt = (at: Lack["at"]): string | undefined => (wrong?.at === at ? wrong.words : undefined);
  const field = (option: Option) => (
    <OptionField
      key={option.name}
      option={option}
      value={chosen[option.name] ?? option.first}
      onChange={(value) => setChosen((before) => ({ ...before, [option.name]: value }))}
    />
  );

  return (
    <form
      ref={form}
      class="new-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) void submit();
      }}
    >
      {typed && (
        <Field label="What shall the film be about?" hint="One sentence is enough; for whom it is helps." wrong={wrongAt("prompt")}>
          {(ids) => (
            <textarea
              {...ids}
              rows={4}
              maxLength={PROMPT_CHARS}
              placeholder="How photosynthesis works, for ten-year-olds"
              value={prompt}
              onInput={(event) => setPrompt(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      {needed.length > 0 &&
        (recording ? (
          <Webcam
            onClose={() => setRecording(false)}
            onTake={(file) => {
              const main = needed[0] as Input;
              setFiles((before) => ({ ...before, wrong: [], placed: [...before.placed.filter((one) => one.for !== main.name), { for: main.name, file }] }));
              setRecording(false);
            }}
          />
        ) : (
          <>
            <Drop inputs={dropped.length > needed.length ? dropped : needed} files={files} label={labelOf(needed)} lack={wrongAt("files")} onChange={setFiles} />
            {filmed && (
              <p>
                <Button onClick={() => setRecording(true)}>Record with the camera</Button>
              </p>
            )}
          </>
        ))}
      {recipe.consent && (
        <fieldset class="consent">
          <legend>Whose faces are these?</legend>
          <label class="switch">
            <input
              type="checkbox"
              checked={agreed}
              aria-invalid={wrongAt("consent") ? "true" : undefined}
              aria-describedby={wrongAt("consent") ? "consent-wrong" : undefined}
              onChange={(event) => setAgreed(event.currentTarget.checked)}
            />
            <span>The people filmed agreed to have their expressions scored.</span>
          </label>
          {wrongAt("consent") && (
            <p class="wrong" id="consent-wrong">
              {wrongAt("consent")}
            </p>
          )}
          <Field
            label="What the scores are for"
            wrong={wrongAt("purpose")}
            hint="Such as research, or a film for the family. Scoring people at work or in education is prohibited in the European Union."
          >
            {(ids) => (
              <input {...ids} type="text" maxLength={200} value={purpose} onInput={(event) => setPurpose(event.currentTarget.value)} />
            )}
          </Field>
        </fieldset>
      )}
      <div class="options">{recipe.options.filter((one) => !one.more && one.kind !== "switch").map(field)}</div>
      {recipe.options.filter((one) => !one.more && one.kind === "switch").map(field)}
      <details class="more">
        <summary>More options</summary>
        <div class="options">
          <Field label="Title" hint="Empty takes the file’s name, or your first words.">
            {(ids) => (
              <input {...ids} type="text" maxLength={200} value={title} onInput={(event) => setTitle(event.currentTarget.value)} />
            )}
          </Field>
          {recipe.options.filter((one) => one.more && one.kind !== "switch").map(field)}
        </div>
        {recipe.options.filter((one) => one.more && one.kind === "switch").map(field)}
        {typed && (
          <Field label="A text to draw on" hint="What is said keeps to it. Empty lets the writer draw on what it knows.">
            {(ids) => (
              <textarea {...ids} rows={5} maxLength={PROMPT_CHARS} value={source} onInput={(event) => setSource(event.currentTarget.value)} />
            )}
          </Field>
        )}
        {needed.length === 0 && optional.length > 0 && (
          <Drop inputs={optional} files={files} label="Pictures for the slides, music under them" onChange={setFiles} />
        )}
      </details>
      {wrongAt("") && (
        <p class="wrong" role="alert">
          {wrongAt("")}
        </p>
      )}
      <p class="row">
        <Button kind="primary" type="submit" busy={busy}>
          {files.further.length ? `Make ${files.further.length + 1} jobs` : "Make it"}
        </Button>
        <a class="button quiet" href="/new">
          Another recipe
        </a>
      </p>
    </form>
  );
}

function labelOf(needed: readonly Input[]): string {
  const words = needed.map((one) => takes([one]).replace(/^a /, ""));
  const text = words.length > 1 ? `Your ${words.slice(0, -1).join(", ")} and your ${words.at(-1)}` : `Your ${words[0]}`;
  return text;
}
