/** Choice of a voice, with a sample of it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { authorizedFetch, readProblem } from "../api.ts";
import { errorMessage } from "../format.ts";
import { settings } from "../settings.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { useQuery } from "../ui/use-query.ts";
import { type Voice, type VoiceList, groupByLanguage, voiceLabel, voicesPath } from "./model.ts";

export interface VoiceFieldProps {
  label: string;
  /** A tag; empty if it follows from the text. */
  language: string;
  /** The name of a voice; empty for one that suits the language. */
  value: string;
  error?: string | undefined;
  onChange: (value: string) => void;
}

export function VoiceField({ label, language, value, error, onChange }: VoiceFieldProps) {
  const list = useQuery<VoiceList>(voicesPath(language));
  const voices = list.data?.voices ?? [];
  const chosen = voices.find((voice) => voice.name === value);
  const usual = voices.find((voice) => voice.name === list.data?.default);
  const hint = list.error ? errorMessage(list.error) : "";
  return (
    <div class="voice-field">
      <Field label={label} hint={hint} error={error}>
        {(ids) => (
          <select {...ids} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
            <option value="">{usual ? `${voiceLabel(usual)} – the usual one` : "One that suits the language"}</option>
            {value && !chosen && <option value={value}>{value}</option>}
            {groupByLanguage(voices).map(([name, rows]) => (
              <optgroup key={name} label={name}>
                {rows.map((voice) => (
                  <option key={voice.name} value={voice.name}>
                    {voiceLabel(voice)}
                  </option>
                ))}
              </optgroup>
            ))}
          </select>
        )}
      </Field>
      <Sample voice={chosen ?? (value ? undefined : usual)} />
    </div>
  );
}

/** Plays a sentence that the voice speaks. A sample is fetched once while the field is shown. */
function Sample({ voice }: { voice: Voice | undefined }) {
  const [url, setUrl] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const current = useRef("");
  current.current = voice?.name ?? "";
  useEffect(() => {
    setUrl("");
    setProblem("");
    setBusy(false);
  }, [voice?.name]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  if (!voice) return null;
  const listen = async (): Promise<void> => {
    setBusy(true);
    setProblem("");
    try {
      const response = await authorizedFetch(settings.api + voice.sample_url);
      if (!response.ok) throw await readProblem(response);
      const blob = await response.blob();
      // Another voice may have been chosen in the meantime.
      if (current.current === voice.name) setUrl(URL.createObjectURL(blob));
    } catch (error) {
      if (current.current === voice.name) setProblem(errorMessage(error));
    }
    if (current.current === voice.name) setBusy(false);
  };
  return (
    <div class="voice-sample">
      {url ? (
        <audio controls autoPlay src={url} aria-label={`Sample of ${voice.name}`} />
      ) : (
        <Button busyLabel={busy ? "Fetching the sample …" : ""} onClick={() => void listen()}>
          Listen to a sample
        </Button>
      )}
      {problem && (
        <p class="error-text" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
