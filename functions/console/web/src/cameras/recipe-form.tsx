import { LIMITS } from "../contract.ts";
import { Field } from "../ui/field.tsx";
import { type RecipeChoice, RECIPE_CHOICES, consentOf, isScored } from "./recipe-choice.ts";

/** Selects the recipe for a clip. Scored faces need consent and a purpose. */
export function RecipeForm({
  value,
  onChange,
  recipeRequired = false,
  fieldErrors = {},
}: {
  value: RecipeChoice;
  onChange: (next: RecipeChoice) => void;
  /** Hides the choice "Only the clip". */
  recipeRequired?: boolean;
  /** Error messages by the API's field names. */
  fieldErrors?: Readonly<Record<string, string>>;
}) {
  return (
    <>
      <fieldset class="choices">
        <legend>Make of it</legend>
        {RECIPE_CHOICES.filter(([recipe]) => recipe || !recipeRequired).map(([recipe, title, description]) => (
          <label key={recipe}>
            <input type="radio" checked={value.recipe === recipe} onChange={() => onChange({ ...value, recipe })} />
            <span>
              {title}
              <span class="hint">{description}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {consentOf(value) && (
        <>
          {isScored(value) && (
            <Field
              label="What it is for"
              hint="In a few words, such as: research on reactions to a trailer."
              error={fieldErrors["options.purpose"]}
            >
              {(ids) => (
                <input
                  {...ids}
                  required
                  maxLength={LIMITS.maxPurposeChars}
                  value={value.purpose}
                  onInput={(event) => onChange({ ...value, purpose: event.currentTarget.value })}
                />
              )}
            </Field>
          )}
          <div class="choices">
            <label>
              <input
                type="checkbox"
                required={consentOf(value) === "required"}
                checked={value.consent}
                onChange={(event) => onChange({ ...value, consent: event.currentTarget.checked })}
              />
              <span>
                Everybody who is filmed agreed
                <span class="hint">
                  Faces are read. At work and in schools the law of the EU forbids it.
                  {consentOf(value) === "optional" && " Otherwise the film shows scenes, and no face is searched."}
                </span>
              </span>
            </label>
          </div>
        </>
      )}
    </>
  );
}
