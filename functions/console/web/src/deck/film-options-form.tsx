/** Options of the whole film: theme, size, voice and transitions. */
import { Field } from "../ui/field.tsx";
import { type Draft, type FilmOptions, LIMITS, THEMES } from "./draft.ts";

export interface FilmOptionsFormProps {
  draft: Draft;
  filmOptions: FilmOptions;
  errorOf: (field: string) => string | undefined;
  onDraftChange: (draft: Draft) => void;
  onFilmOptions: (filmOptions: FilmOptions) => void;
}

const SELECT_OPTIONS: Record<string, readonly (readonly [string, string])[]> = {
  transition: [
    ["cut", "Cut"],
    ["fade", "Fade"],
  ],
  subtitles: [
    ["soft", "To be switched on"],
    ["burned", "In the picture"],
  ],
  motion: [
    ["none", "Still"],
    ["gentle", "Slowly moving"],
  ],
  aspect: [
    ["16:9", "Wide, 16:9"],
    ["1:1", "Square"],
    ["9:16", "Upright, 9:16"],
  ],
  resolution: [
    ["720p", "720p"],
    ["1080p", "1080p"],
  ],
};

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
            maxLength={LIMITS.maxTitleChars}
            onInput={(event) => onDraftChange({ ...draft, title: event.currentTarget.value })}
          />
        )}
      </Field>
      <fieldset class="themes">
        <legend>Theme</legend>
        {THEMES.map((name) => (
          <label key={name} class={`theme ${name}`}>
            <input
              type="radio"
              name="theme"
              value={name}
              checked={draft.theme === name}
              onChange={() => onDraftChange({ ...draft, theme: name })}
            />
            <span class="theme-sample" aria-hidden="true" />
            {name}
          </label>
        ))}
      </fieldset>
      <div class="field-pair">
        <SelectField
          label="Shape"
          name="aspect"
          value={draft.aspect}
          onChange={(aspect) => onDraftChange({ ...draft, aspect })}
        />
        <SelectField
          label="Size"
          name="resolution"
          value={draft.resolution}
          onChange={(resolution) => onDraftChange({ ...draft, resolution })}
        />
        <Field label="Voice" hint="Empty: one that suits the language." error={errorOf("options.voice")}>
          {(ids) => (
            <input
              {...ids}
              value={filmOptions.voice}
              maxLength={80}
              placeholder="en-US-Neural2-C"
              onInput={(event) => onFilmOptions({ ...filmOptions, voice: event.currentTarget.value.trim() })}
            />
          )}
        </Field>
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
          name="transition"
          value={filmOptions.transition}
          onChange={(transition) => onFilmOptions({ ...filmOptions, transition })}
        />
        <SelectField
          label="Subtitles"
          name="subtitles"
          value={filmOptions.subtitles}
          onChange={(subtitles) => onFilmOptions({ ...filmOptions, subtitles })}
        />
        <SelectField
          label="Pictures"
          name="motion"
          value={filmOptions.motion}
          onChange={(motion) => onFilmOptions({ ...filmOptions, motion })}
        />
      </div>
    </div>
  );
}

interface SelectFieldProps {
  label: string;
  name: string;
  value: string;
  onChange: (value: string) => void;
}

function SelectField({ label, name, value, onChange }: SelectFieldProps) {
  return (
    <Field label={label}>
      {(ids) => (
        <select {...ids} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          {SELECT_OPTIONS[name]?.map(([optionValue, label]) => (
            <option key={optionValue} value={optionValue}>
              {label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
