/** What holds for the whole film: its look, its voice and how slides follow each other. */
import { Field } from "../ui/field.tsx";
import { type Draft, type FilmWishes, LIMITS, THEMES } from "./editing.ts";

export interface LookFormProps {
  draft: Draft;
  wishes: FilmWishes;
  wrong: (field: string) => string | undefined;
  onDraft: (draft: Draft) => void;
  onWishes: (wishes: FilmWishes) => void;
}

const CHOICES: Record<string, readonly (readonly [string, string])[]> = {
  transition: [["cut", "Cut"], ["fade", "Fade"]],
  subtitles: [["soft", "To be switched on"], ["burned", "In the picture"]],
  motion: [["none", "Still"], ["gentle", "Slowly moving"]],
  aspect: [["16:9", "Wide, 16:9"], ["1:1", "Square"], ["9:16", "Upright, 9:16"]],
  resolution: [["720p", "720p"], ["1080p", "1080p"]],
};

const SPEEDS = [0.75, 0.9, 1, 1.1, 1.25, 1.5];

export function LookForm({ draft, wishes, wrong, onDraft, onWishes }: LookFormProps) {
  const speeds = SPEEDS.includes(wishes.speed) ? SPEEDS : [...SPEEDS, wishes.speed].sort((a, b) => a - b);
  return (
    <div class="look-form">
      <Field label="Title" wrong={wrong("title")}>
        {(ids) => (
          <input
            {...ids}
            value={draft.title}
            maxLength={LIMITS.titleChars}
            onInput={(event) => onDraft({ ...draft, title: event.currentTarget.value })}
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
              onChange={() => onDraft({ ...draft, theme: name })}
            />
            <span class="sample" aria-hidden="true" />
            {name}
          </label>
        ))}
      </fieldset>
      <div class="pair">
        <Choice label="Shape" name="aspect" value={draft.aspect} onChange={(aspect) => onDraft({ ...draft, aspect })} />
        <Choice
          label="Size"
          name="resolution"
          value={draft.resolution}
          onChange={(resolution) => onDraft({ ...draft, resolution })}
        />
        <Field label="Voice" hint="Empty: one that suits the language." wrong={wrong("options.voice")}>
          {(ids) => (
            <input
              {...ids}
              value={wishes.voice}
              maxLength={80}
              placeholder="en-US-Neural2-C"
              onInput={(event) => onWishes({ ...wishes, voice: event.currentTarget.value.trim() })}
            />
          )}
        </Field>
        <Field label="Speed of speech">
          {(ids) => (
            <select
              {...ids}
              value={String(wishes.speed)}
              onChange={(event) => onWishes({ ...wishes, speed: Number(event.currentTarget.value) })}
            >
              {speeds.map((one) => (
                <option key={one} value={String(one)}>
                  {one === 1 ? "As usual" : `${one} ×`}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Choice
          label="Between slides"
          name="transition"
          value={wishes.transition}
          onChange={(transition) => onWishes({ ...wishes, transition })}
        />
        <Choice
          label="Subtitles"
          name="subtitles"
          value={wishes.subtitles}
          onChange={(subtitles) => onWishes({ ...wishes, subtitles })}
        />
        <Choice
          label="Pictures"
          name="motion"
          value={wishes.motion}
          onChange={(motion) => onWishes({ ...wishes, motion })}
        />
      </div>
    </div>
  );
}

interface ChoiceProps {
  label: string;
  name: string;
  value: string;
  onChange: (value: string) => void;
}

function Choice({ label, name, value, onChange }: ChoiceProps) {
  return (
    <Field label={label}>
      {(ids) => (
        <select {...ids} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          {CHOICES[name]?.map(([one, words]) => (
            <option key={one} value={one}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
