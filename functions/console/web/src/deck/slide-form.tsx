/** Form for one slide: content, spoken notes and rewriting by the model. */
import { useEffect, useState } from "preact/hooks";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { type SlideLayout, LIMITS, SLIDE_LAYOUTS } from "../contract.ts";
import { LayoutFields } from "./layout-fields.tsx";
import { PictureFields } from "./picture-fields.tsx";
import { type PictureSources, type Slide, estimateSpeechS } from "./draft.ts";

export interface SlideFormProps {
  jobId: string;
  slide: Slide;
  pictures: readonly string[];
  /** Facts about these pictures. */
  pictureSources: PictureSources;
  speed: number;
  /** Error message of a field of this slide. */
  errorOf: (field: string) => string | undefined;
  onChange: (changes: Partial<Slide>) => void;
  /** A picture was uploaded for the slide with this id. */
  onAdded: (slideId: string, picture: string, filename: string) => void;
}

const LAYOUT_LABELS: Readonly<Record<SlideLayout, string>> = {
  title: "Title",
  bullets: "Points",
  picture: "Picture",
  statement: "Statement",
  chart: "Chart",
  closing: "Closing",
  columns: "Two columns",
  number: "Big number",
  quote: "Quote",
  comparison: "Comparison",
  timeline: "Timeline",
  process: "Process",
};

export function SlideForm(props: SlideFormProps) {
  const { jobId, slide, pictures, pictureSources, speed, errorOf, onChange, onAdded } = props;
  const speechS = estimateSpeechS(slide.notes, speed);
  return (
    <div class="slide-form">
      <Field label="Heading" error={errorOf("heading")}>
        {(ids) => (
          <input
            {...ids}
            value={slide.heading}
            maxLength={LIMITS.deck.maxHeadingChars}
            onInput={(event) => onChange({ heading: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field label="Points" hint={`One a line, up to ${LIMITS.deck.maxBullets}.`} error={errorOf("bullets")}>
        {(ids) => (
          <textarea
            {...ids}
            rows={4}
            value={slide.bullets.join("\n")}
            onInput={(event) => onChange({ bullets: event.currentTarget.value.split("\n") })}
          />
        )}
      </Field>
      <Field
        label="Spoken"
        hint={
          slide.notes.trim()
            ? `About ${Math.max(1, Math.round(speechS))} s of speech.`
            : "Nothing is said: the slide is shown for four seconds."
        }
        error={errorOf("notes")}
      >
        {(ids) => (
          <textarea
            {...ids}
            rows={6}
            value={slide.notes}
            onInput={(event) => onChange({ notes: event.currentTarget.value })}
          />
        )}
      </Field>
        <Field label="Layout">
          {(ids) => (
            <select
              {...ids}
              value={slide.layout}
              onChange={(event) => onChange({ layout: event.currentTarget.value as SlideLayout })}
            >
              {SLIDE_LAYOUTS.map((name) => (
                <option key={name} value={name}>
                  {LAYOUT_LABELS[name]}
                </option>
              ))}
            </select>
          )}
        </Field>
      <LayoutFields slide={slide} errorOf={errorOf} onChange={onChange} />
      <PictureFields
        key={slide.id}
        jobId={jobId}
        slide={slide}
        pictures={pictures}
        pictureSources={pictureSources}
        errorOf={errorOf}
        onChange={onChange}
        onAdded={onAdded}
      />
    </div>
  );
}

interface RewriteFormProps {
  slide: Slide;
  /** Why the button is disabled; empty when it is enabled. */
  disabledReason: string;
  busyLabel: string;
  onRewrite: (instruction: string) => void;
}

export function RewriteForm({ slide, disabledReason, busyLabel, onRewrite }: RewriteFormProps) {
  const [instruction, setInstruction] = useState("");
  useEffect(() => setInstruction(""), [slide.id]);
  return (
    <form
      class="rewrite"
      onSubmit={(event) => {
        event.preventDefault();
        onRewrite(instruction.trim());
      }}
    >
      <Field
        label="Have this slide written anew"
        hint={disabledReason || "Say how, or leave it empty for “differently”."}
      >
        {(ids) => (
          <input
            {...ids}
            value={instruction}
            maxLength={LIMITS.maxRewriteChars}
            placeholder="Shorter, with an example"
            onInput={(event) => setInstruction(event.currentTarget.value)}
          />
        )}
      </Field>
      <Button type="submit" busyLabel={busyLabel} disabled={Boolean(disabledReason)}>
        Write it anew
      </Button>
    </form>
  );
}
