/** Consent of the people filmed and the purpose of the scores, for recipes that score faces. */
import { LIMITS } from "../contract.ts";
import { Field } from "../ui/field.tsx";
import { CONSENT_FIELD, type FormErrors, PURPOSE_FIELD } from "./form-errors.ts";

export function ConsentFields({
  required,
  hasConsent,
  isScored,
  purpose,
  errors,
  onConsent,
  onPurpose,
}: {
  /** Whether the recipe cannot do without faces. */
  required: boolean;
  hasConsent: boolean;
  isScored: boolean;
  purpose: string;
  errors: FormErrors;
  onConsent: (hasConsent: boolean) => void;
  onPurpose: (purpose: string) => void;
}) {
  const consentError = errors[CONSENT_FIELD];
  return (
    <fieldset class="consent">
      <legend>{required ? "Whose faces are these?" : "Score faces?"}</legend>
      {!required && (
        <p class="hint">
          Then the film shows the strongest moments. Otherwise it shows the scenes of the video, and no face is
          searched.
        </p>
      )}
      <label class="switch">
        <input
          type="checkbox"
          checked={hasConsent}
          aria-invalid={consentError ? "true" : undefined}
          aria-describedby={consentError ? "consent-error" : undefined}
          onChange={(event) => onConsent(event.currentTarget.checked)}
        />
        <span>The people filmed agreed to have their expressions scored.</span>
      </label>
      {consentError && (
        <p class="error-text" id="consent-error">
          {consentError}
        </p>
      )}
      {isScored && (
        <Field
          label="What the scores are for"
          error={errors[PURPOSE_FIELD]}
          hint="Such as research, or a film for the family. Scoring people at work or in education is prohibited in the European Union."
        >
          {(ids) => (
            <input
              {...ids}
              type="text"
              maxLength={LIMITS.maxPurposeChars}
              value={purpose}
              onInput={(event) => onPurpose(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
    </fieldset>
  );
}
