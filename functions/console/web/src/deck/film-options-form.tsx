/** Options of the whole film: theme, size, voice and transitions. */
import { type Theme, LIMITS, THEMES } from "../contract.ts";
import { ASPECT_LABELS, RESOLUTION_LABELS, THEME_LABELS, TRANSITION_LABELS } from "../labels.ts";
import { Field } from "../ui/field.tsx";
import { VoiceField } from "../voices/voice-field.tsx";
import type { Draft, FilmOptions } from "./draft.ts";

export interface FilmOptionsFormProps {
  draft: Draft;
  filmOptions: FilmOptions;
  errorOf: (field: string) => string | undefined;
  onDraftChange: (draft: Draft) => void;
  onFilmOptions: (filmOptions: FilmOptions) => void;
}

const SUBTITLE_LABELS: Readonly<Record<FilmOptions["subtitles"], string>> = {
  soft: "To be switched on",
  burned: "In the picture",
};
const MOTION_LABELS: Readonly<Record<FilmOptions["motion"], string>> = { none: "Still", gentle: "Slowly moving" };

const SPEEDS = [0.75, 0.9, 1, 1.1, 1.25, 1.5];

export function FilmOptionsForm({ draft, filmOptions, errorOf, onDraftChange, onFilmOptions }: FilmOptionsFormProps) {
  const speeds = SPEEDS.includes(filmOptions.speed) ? SPEEDS : [...SPEEDS, filmOptions.speed].sort((a, b) => a - b);
  return (
    <div class="film-options-form">
      <Field label="Title" error={errorOf("title")}>
        {(ids) => (
          <input
            {...ids}
            value={draft.title}
            maxLength={LIMITS.deck.maxTitleChars}
            onInput={(event) => onDraftChange({ ...draft, title: event.currentTarget.value })}
          />
        )}
      </Field>
      <fieldset class="themes">
        <legend>Theme</legend>
        {(Object.keys(THEMES) as Theme[]).map((name) => (
          <label key={name} class="theme" style={sampleColours(name)}>
            <input
              type="radio"
              name="theme"
              value={name}
              checked={draft.theme === name}
              onChange={() => onDraftChange({ ...draft, theme: name })}
            />
            <span class="theme-sample" aria-hidden="true" />
            {THEME_LABELS[name]}
          </label>
        ))}
      </fieldset>
      <div class="field-pair">
        <SelectField
          label="Shape"
          labels={ASPECT_LABELS}
          value={draft.aspect}
          onChange={(aspect) => onDraftChange({ ...draft, aspect })}
        />
        <SelectField
          label="Size"
          labels={RESOLUTION_LABELS}
          value={draft.resolution}
          onChange={(resolution) => onDraftChange({ ...draft, resolution })}
        />
        <VoiceField
          label="Voice"
          language={draft.language}
          value={filmOptions.voice}
          error={errorOf("options.voice")}
          onChange={(voice) => onFilmOptions({ ...filmOptions, voice })}
        />
        <Field label="Speed of speech">
          {(ids) => (
            <select
              {...ids}
              value={String(filmOptions.speed)}
              onChange={(event) => onFilmOptions({ ...filmOptions, speed: Number(event.currentTarget.value) })}
            >
              {speeds.map((speed) => (
                <option key={speed} value={String(speed)}>
                  {speed === 1 ? "As usual" : `${speed} ×`}
                </option>
              ))}
            </select>
          )}
        </Field>
        <SelectField
          label="Between slides"
          labels={TRANSITION_LABELS}
          value={filmOptions.transition}
          onChange={(transition) => onFilmOptions({ ...filmOptions, transition })}
        />
        <SelectField
          label="Subtitles"
          labels={SUBTITLE_LABELS}
          value={filmOptions.subtitles}
          onChange={(subtitles) => onFilmOptions({ ...filmOptions, subtitles })}
        />
        <SelectField
          label="Pictures"
          labels={MOTION_LABELS}
          value={filmOptions.motion}
          onChange={(motion) => onFilmOptions({ ...filmOptions, motion })}
        />
      </div>
    </div>
  );
}

/** The colours of a theme as the custom properties that its sample reads. */
function sampleColours(name: Theme): Record<string, string> {
  const { from, to, text, accent } = THEMES[name];
  return { "--sample-from": from, "--sample-to": to, "--sample-text": text, "--sample-accent": accent };
}

interface SelectFieldProps<C extends string> {
  label: string;
  /** Labels by value. */
  labels: Readonly<Record<C, string>>;
  value: C;
  onChange: (value: C) => void;
}

function SelectField<C extends string>({ label, labels, value, onChange }: SelectFieldProps<C>) {
  return (
    <Field label={label}>
      {(ids) => (
        <select {...ids} value={value} onChange={(event) => onChange(event.currentTarget.value as C)}>
          {(Object.keys(labels) as C[]).map((choice) => (
            <option key={choice} value={choice}>
              {labels[choice]}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
