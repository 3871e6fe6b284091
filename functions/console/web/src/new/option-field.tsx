/** Form field of a recipe's option. */
import { Field } from "../ui/field.tsx";
import { VoiceField } from "../voices/voice-field.tsx";
import type { Option } from "./recipes.ts";

export function OptionField({
  option,
  language,
  value,
  error,
  onChange,
}: {
  option: Option;
  /** The language that the user has chosen, for the voices; empty for none. */
  language: string;
  value: string;
  /** Not shown for voices and switches, whose values cannot be invalid. */
  error?: string | undefined;
  onChange: (value: string) => void;
}) {
  if (option.kind === "voice")
    return <VoiceField label={option.label} language={language} value={value} onChange={onChange} />;
  if (option.kind === "switch") return <Switch option={option} checked={value === "true"} onChange={onChange} />;
  return (
    <Field label={option.label} hint={option.hint} error={error}>
      {(ids) =>
        option.kind === "choice" ? (
          <select {...ids} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
            {option.choices.map(([name, label]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        ) : option.kind === "number" ? (
          <input
            {...ids}
            type="number"
            min={option.min}
            max={option.max}
            value={value}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
        ) : (
          <input
            {...ids}
            type="text"
            maxLength={option.maxLength ?? 40}
            value={value}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

function Switch({
  option,
  checked,
  onChange,
}: {
  option: Option;
  checked: boolean;
  onChange: (value: string) => void;
}) {
  return (
    <label class="switch">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(String(event.currentTarget.checked))} />
      <span>
        {option.label}
        {option.hint && <span class="hint"> {option.hint}</span>}
      </span>
    </label>
  );
}
